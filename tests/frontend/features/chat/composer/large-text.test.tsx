import { fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { readDraft } from "@/shared/drafts";
import type { FakeServer } from "../../../fake-server";
import { USER } from "../../../render-page";
import { enter, makeServer, renderComposer, SENT, type } from "./render-composer";

let server: FakeServer;
beforeEach(() => {
  server = makeServer();
});
afterEach(() => vi.unstubAllGlobals());

const refuse = () =>
  server.on(SENT, () => ({ status: 400, body: { code: "invalid", detail: "Not like this." } }));
const sent = () => waitFor(() => expect(server.asked(SENT)).toHaveLength(1));

describe("a large text", () => {
  const BIG = "A line of a log.\n".repeat(3_000);
  const OTHER = "Another line.\r\n".repeat(3_000);
  const paste = (box: HTMLTextAreaElement, text: string) =>
    fireEvent.paste(box, { clipboardData: { getData: () => text } });
  const cards = () =>
    screen.queryByRole("list", { name: "Long texts of your message" })?.children.length ?? 0;
  const press = (name: string, at = 0) =>
    fireEvent.click(screen.getAllByRole("button", { name })[at] as HTMLElement);
  const content = () => server.asked(SENT)[0]?.body.content;

  it("breaks no lines in the box", async () => {
    const { box } = await renderComposer({ at: "/chats/chat-1" });
    type(box, "x".repeat(60_000));
    expect(box.hasAttribute("data-large")).toBe(true);
    type(box, "short again");
    expect(box.hasAttribute("data-large")).toBe(false);
  });

  it("that is pasted is a card, and goes out in its place among what was typed", async () => {
    const { box } = await renderComposer({ at: "/chats/chat-1" });
    type(box, "Compare this:\nOLD and this:\n");
    box.setSelectionRange(14, 18);
    expect(paste(box, BIG)).toBe(false);
    expect(box.value).toBe("and this:\n");
    expect(box.selectionEnd).toBe(0);
    box.setSelectionRange(10, 10);
    paste(box, OTHER);
    expect(cards()).toBe(2);
    screen.getByText("Long text, 51,000 characters");
    expect(paste(box, "A short one")).toBe(true);
    type(box, "Briefly.");
    enter(box);
    await sent();
    const other = OTHER.replaceAll("\r\n", "\n");
    expect(content()).toBe(`Compare this:\n${BIG}and this:\n${other}Briefly.`);
    expect([cards(), box.value]).toEqual([0, ""]);
  });

  it("is said to be too long as soon as it is pasted, and no longer once a part is gone", async () => {
    const body = { login: null, features: [], csrf_cookie: "c", max_message_chars: 90_000 };
    server.on("GET /api/config/", () => ({ body }));
    const { box } = await renderComposer({ at: "/chats/chat-1" });
    const line = () => screen.queryByText(/too long to be sent: [\d,]+ of at most 90,000/);
    paste(box, "\u{1F600}".repeat(39_000));
    paste(box, BIG);
    await waitFor(() => expect(cards()).toBe(2));
    expect(line()).toBeNull();
    paste(box, BIG);
    expect((await screen.findByText(/too long to be sent/)).textContent).toContain("141,000 of");
    press("Remove the long text", 1);
    expect(line()).toBeNull();
    expect(cards()).toBe(2);
  });

  it("can be sent alone, and is not the last question that Up edits", async () => {
    const { box } = await renderComposer({ at: "/chats/chat-1" });
    const edit = document.body.appendChild(document.createElement("button"));
    edit.dataset.edit = "";
    edit.onclick = vi.fn();
    fireEvent.keyDown(box, { key: "ArrowUp" });
    expect(edit.onclick).toHaveBeenCalledOnce();
    paste(box, BIG);
    fireEvent.keyDown(box, { key: "ArrowUp" });
    expect(edit.onclick).toHaveBeenCalledOnce();
    edit.remove();
    enter(box);
    await sent();
    expect(content()).toBe(BIG.trim());
  });

  it("is edited in the box with all that comes after it", async () => {
    const { box } = await renderComposer({ at: "/chats/chat-1" });
    type(box, "See: ");
    paste(box, BIG);
    paste(box, OTHER);
    type(box, "end");
    press("Edit the long text in the box", 1);
    expect(cards()).toBe(1);
    expect(box.value).toBe(`${OTHER.replaceAll("\r\n", "\n")}end`);
    press("Edit the long text in the box");
    expect(cards()).toBe(0);
    expect(box.value.startsWith(`See: ${BIG}Another`)).toBe(true);
    expect(document.activeElement).toBe(box);
  });

  it("goes when it is removed, what was typed stays, and the removal can be undone", async () => {
    const { box } = await renderComposer({ at: "/chats/chat-1" });
    type(box, "one ");
    paste(box, BIG);
    type(box, "two ");
    paste(box, OTHER);
    type(box, "three");
    press("Remove the long text");
    expect(cards()).toBe(1);
    press("Remove the long text");
    expect(box.value).toBe("one two three");
    expect(readDraft(USER.id, "chat-1").text).toBe("one two three");
    expect(document.activeElement).toBe(box);
    press("Undo");
    expect([cards(), box.value]).toEqual([1, "three"]);
    expect(screen.queryByRole("button", { name: "Undo" })).toBeNull();
    press("Remove the long text");
    type(box, "something else");
    expect(screen.queryByRole("button", { name: "Undo" })).toBeNull();
  });

  it("that was pasted is taken back by Ctrl+Z", async () => {
    const { box } = await renderComposer({ at: "/chats/chat-1" });
    type(box, "one two");
    box.setSelectionRange(4, 4);
    paste(box, BIG);
    expect(fireEvent.keyDown(box, { key: "z", ctrlKey: true })).toBe(false);
    expect([cards(), box.value]).toEqual([0, "one two"]);
    expect(fireEvent.keyDown(box, { key: "z", ctrlKey: true })).toBe(true);
  });

  it("is there again after a reload, beside what stands in the box", async () => {
    const { box, view } = await renderComposer({ at: "/chats/chat-1" });
    paste(box, BIG);
    type(box, "half a thought");
    window.dispatchEvent(new Event("pagehide"));
    view.unmount();
    const again = await renderComposer({ at: "/chats/chat-1" });
    expect([cards(), again.box.value]).toEqual([1, "half a thought"]);
    enter(again.box);
    await sent();
    expect(content()).toBe(`${BIG}half a thought`);
  });

  it("that is refused comes back as a card in front of what was typed since", async () => {
    refuse();
    const { box } = await renderComposer({ at: "/chats/chat-1" });
    paste(box, BIG);
    enter(box);
    type(box, "since");
    await screen.findByText(/Not like this\./);
    expect([cards(), box.value]).toEqual([1, "since"]);
    const { text } = readDraft(USER.id, "chat-1");
    expect(text).toBe(`${BIG.trim()}\n\nsince`);
  });
});
