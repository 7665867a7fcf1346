import { fireEvent, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { FindBar } from "@/features/chat/find/find-bar";
import { FakeServer } from "../../fake-server";
import { renderPage } from "../../render-page";

afterEach(() => vi.unstubAllGlobals());

it("leaves Enter and Esc to an input method, and takes them afterwards (F23)", async () => {
  const results = ["a2", "a1"].map((id, at) => ({
    id,
    position: 3 - 2 * at,
    excerpt: `日本 ${id}`,
  }));
  new FakeServer().on("GET /api/chats/*/messages/find/", () => ({
    body: { results, before: null },
  }));
  const onClose = vi.fn();
  await renderPage(() => <FindBar chatId="chat-1" onHit={() => {}} onClose={onClose} />);
  const box = screen.getByRole("textbox", { name: "Find in chat" });
  fireEvent.change(box, { target: { value: "日本" } });
  await screen.findByText(/日本 a2/);

  for (const key of ["Enter", "Escape"]) {
    fireEvent.keyDown(box, { key, keyCode: 229 });
    fireEvent.keyDown(box, { key, isComposing: true });
  }
  expect(screen.getByText(/日本 a2/)).toBeTruthy();
  expect(onClose).not.toHaveBeenCalled();
  fireEvent.keyDown(box, { key: "Enter", keyCode: 13 });
  expect(screen.getByText(/日本 a1/)).toBeTruthy();
  fireEvent.keyDown(box, { key: "Escape", keyCode: 27 });
  expect(onClose).toHaveBeenCalledTimes(1);
});
