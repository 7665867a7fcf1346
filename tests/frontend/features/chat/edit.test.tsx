import { cleanup, fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Turn } from "@/features/chat/turns/turn";
import { flatMessages, type Messages, messagesKey } from "@/shared/api/messages";
import { clearDrafts, readDraft, readWholeDraft } from "@/shared/drafts";
import { type FakeServer, makeMessage } from "../../fake-server";
import { renderPage, USER } from "../../render-page";
import { makeServer } from "./composer/render-composer";

const SENT = "POST /api/chats/*/messages/";
const question = makeMessage({ id: "q2", parent: "a1", content: "Two", content_length: 3 });
const page = {
  results: [
    makeMessage({ id: "q1", content: "One" }),
    makeMessage({ id: "a1", parent: "q1", role: "assistant" }),
    question,
    makeMessage({ id: "a2", parent: "q2", role: "assistant" }),
  ],
  siblings: {},
  before: null,
  after: null,
};

let server: FakeServer;
beforeEach(() => {
  server = makeServer();
});
afterEach(() => vi.unstubAllGlobals());

async function edit() {
  const rendered = await renderPage(() => <Turn message={question} isLast={false} />, {
    at: "/chats/chat-1",
  });
  rendered.client.setQueryData<Messages>(messagesKey("chat-1"), {
    pages: [page],
    pageParams: [{}],
  });
  fireEvent.click(await screen.findByRole("button", { name: "Edit" }));
  const box = screen.getByRole("textbox", { name: "Edit your message" }) as HTMLTextAreaElement;
  const type = (value: string) => fireEvent.input(box, { target: { value } });
  const enter = (init: KeyboardEventInit = {}) =>
    fireEvent.keyDown(box, { key: "Enter", keyCode: 13, ...init });
  return { ...rendered, box, type, enter };
}

it("begins with the turn as it was written, with the focus in it", async () => {
  const { box } = await edit();
  expect(box.value).toBe("Two");
  expect(document.activeElement).toBe(box);
});

it("sends the new text beside the old one", async () => {
  const { client, type, enter } = await edit();
  type("Two, otherwise");
  enter();
  await waitFor(() => expect(server.asked(SENT)).toHaveLength(1));
  expect(server.asked(SENT)[0]?.body).toMatchObject({ parent: "a1", content: "Two, otherwise" });
  await waitFor(() => expect(screen.queryByRole("textbox")).toBeNull());
  const messages = client.getQueryData<Messages>(messagesKey("chat-1"));
  expect(flatMessages(messages).map(({ content }) => content)).toContain("Two, otherwise");
  expect(flatMessages(messages).map(({ id }) => id)).not.toContain("q2");
});

it("keeps nothing once its writer has logged out, in any tab", async () => {
  const { type } = await edit();
  type("A secret");
  await clearDrafts(USER.id);
  cleanup();
  expect(readDraft(USER.id, "edit.q2").text).toBe("");
});

it("sends a first turn again as another first one", async () => {
  const first = makeMessage({ id: "q1", content: "One" });
  await renderPage(() => <Turn message={first} isLast={false} />);
  fireEvent.click(await screen.findByRole("button", { name: "Edit" }));
  fireEvent.click(screen.getByRole("button", { name: "Save & send" }));
  await waitFor(() => expect(server.asked(SENT)).toHaveLength(1));
  expect(server.asked(SENT)[0]?.body.parent).toBeNull();
});

it("leaves Enter to an input method, and Shift+Enter to the browser", async () => {
  const { type, enter } = await edit();
  type("にほんご");
  enter({ isComposing: true });
  enter({ keyCode: 229 });
  expect(enter({ shiftKey: true })).toBe(true);
  expect(server.asked(SENT)).toHaveLength(0);
});

it("sends nothing that is empty, and nothing twice", async () => {
  const { type, enter } = await edit();
  type("  ");
  enter();
  expect(server.asked(SENT)).toHaveLength(0);
  server.on(SENT, () => new Promise(() => {}));
  type("Two, otherwise");
  enter();
  enter();
  enter({ repeat: true });
  await waitFor(() => expect(server.asked(SENT)).toHaveLength(1));
});

it.each([
  ["the network is gone", "network error" as const, "cannot be reached"],
  [
    "the server refuses the text",
    {
      status: 400,
      body: {
        code: "invalid",
        detail: "Check the marked fields.",
        fields: { content: [{ code: "max_length", detail: "Use at most 10 characters." }] },
      },
    },
    "Use at most 10 characters.",
  ],
])("keeps the text, and says why, when %s", async (_, answer, words) => {
  server.on(SENT, () => answer);
  const { box, type, enter } = await edit();
  type("Two, otherwise");
  enter();
  expect((await screen.findByRole("alert")).textContent).toContain(words);
  expect(box.value).toBe("Two, otherwise");
  enter();
  await waitFor(() => expect(server.asked(SENT)).toHaveLength(2));
  const [one, other] = server.asked(SENT).map(({ body }) => body.id);
  expect(other).toBe(one);
});

it("is given up by Esc, which gives the focus back and reaches nobody else", async () => {
  const onEscape = vi.fn();
  window.addEventListener("keydown", (event) => event.defaultPrevented || onEscape());
  const { box, type } = await edit();
  type("Never mind");
  fireEvent.keyDown(box, { key: "Escape", isComposing: true });
  expect(box.isConnected).toBe(true);
  onEscape.mockClear();
  fireEvent.keyDown(box, { key: "Escape" });
  expect(box.isConnected).toBe(false);
  expect(onEscape).not.toHaveBeenCalled();
  expect(document.activeElement).toBe(screen.getByRole("button", { name: "Edit" }));
  expect(readDraft(USER.id, "edit.q2").text).toBe("");
});

it("keeps what was written when its row goes, and gives it back", async () => {
  const { type, view } = await edit();
  type("Half a thought");
  view.unmount();
  expect((await edit()).box.value).toBe("Half a thought");
});

it("sends what may have been sent before the page went under the same id", async () => {
  server.on(SENT, () => new Promise(() => {}));
  const { type, enter } = await edit();
  type("Two, otherwise");
  enter();
  await waitFor(() => expect(server.asked(SENT)).toHaveLength(1));
  window.dispatchEvent(new Event("pagehide"));
  cleanup();
  const again = await edit();
  expect(again.box.value).toBe("Two, otherwise");
  again.enter();
  await waitFor(() => expect(server.asked(SENT)).toHaveLength(2));
  const [one, other] = server.asked(SENT).map(({ body }) => body.id);
  expect(other).toBe(one);
});

it("gives a very long text back, too", async () => {
  const { box, type, view } = await edit();
  const long = "A long thought. ".repeat(10_000);
  type(long);
  view.unmount();
  await vi.waitFor(async () =>
    expect((await readWholeDraft(USER.id, "edit.q2")).text).toHaveLength(long.length),
  );
  const again = await edit();
  await waitFor(() => expect(again.box.value).toHaveLength(long.length));
  expect(again.box.value).toBe(box.value);
  fireEvent.blur(again.box);
  cleanup();
  expect((await readWholeDraft(USER.id, "edit.q2")).text).toBe(long);
});
