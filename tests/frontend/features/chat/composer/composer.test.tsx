import type { QueryClient } from "@tanstack/react-query";
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Messages, messagesKey } from "@/shared/api/messages";
import { clearDrafts, readDraft } from "@/shared/drafts";
import { changeSettings } from "@/shared/settings";
import { type FakeServer, makeMessage } from "../../../fake-server";
import { USER } from "../../../render-page";
import { acceptMessages, makeServer, NEW_ID, renderComposer, type } from "./render-composer";

const SENT = "POST /api/chats/*/messages/";
let server: FakeServer;
beforeEach(() => {
  server = makeServer();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const refuse = () =>
  server.on(SENT, () => ({ status: 400, body: { code: "invalid", detail: "Not like this." } }));
const enter = (box: HTMLElement, init: KeyboardEventInit = {}) =>
  fireEvent.keyDown(box, { key: "Enter", keyCode: 13, ...init });
const sent = (count = 1) => waitFor(() => expect(server.asked(SENT)).toHaveLength(count));

describe("Enter while an input method composes (F23)", () => {
  it("sends nothing for the Enter that accepts a suggestion", async () => {
    const { box } = await renderComposer({ at: "/chats/chat-1" });
    fireEvent.compositionStart(box);
    type(box, "にほんご");
    enter(box, { isComposing: true });
    fireEvent.compositionEnd(box);
    expect(server.asked(SENT)).toHaveLength(0);
    expect(box.value).toBe("にほんご");
    enter(box);
    await sent();
    expect(server.asked(SENT)[0]?.body.content).toBe("にほんご");
  });

  it("sends nothing in Safari's order, where the key comes after the end with code 229", async () => {
    const { box } = await renderComposer({ at: "/chats/chat-1" });
    fireEvent.compositionStart(box);
    type(box, "한국어");
    fireEvent.compositionEnd(box);
    fireEvent.keyDown(box, { key: "Enter", keyCode: 229 });
    expect(server.asked(SENT)).toHaveLength(0);
    expect(box.value).toBe("한국어");
  });

  it("leaves Shift+Enter to the browser, for a new line", async () => {
    const { box } = await renderComposer({ at: "/chats/chat-1" });
    type(box, "one");
    const notPrevented = enter(box, { shiftKey: true });
    expect(notPrevented).toBe(true);
    expect(server.asked(SENT)).toHaveLength(0);
  });

  it("sends by Ctrl+Enter or Cmd+Enter alone where the reader has chosen that", async () => {
    changeSettings({ sendKey: "ctrl-enter" });
    const { box } = await renderComposer({ at: "/chats/chat-1" });
    type(box, "two lines");
    enter(box);
    expect(server.asked(SENT)).toHaveLength(0);
    enter(box, { ctrlKey: true, isComposing: true });
    expect(server.asked(SENT)).toHaveLength(0);
    enter(box, { metaKey: true });
    await sent();
    changeSettings({ sendKey: "enter" });
  });

  it("does not stop an answer for the Esc that ends a composition", async () => {
    const onStop = vi.fn();
    const { box } = await renderComposer({ at: "/chats/chat-1", running: true, onStop });
    fireEvent.keyDown(box, { key: "Escape", isComposing: true });
    expect(onStop).not.toHaveBeenCalled();
    fireEvent.keyDown(box, { key: "Escape" });
    expect(onStop).toHaveBeenCalledTimes(1);
  });
});

describe("one message is sent once (F24)", () => {
  it("for a double click, a held Enter, and both together", async () => {
    const { box } = await renderComposer({ at: "/chats/chat-1" });
    type(box, "once");
    const button = screen.getByRole("button", { name: "Send" });
    fireEvent.click(button);
    fireEvent.click(button);
    enter(box);
    enter(box, { repeat: true });
    await sent();
    await waitFor(() => expect(readDraft(USER.id, "chat-1").text).toBe(""));
    expect(server.asked(SENT)).toHaveLength(1);
  });

  it("with the same id when it is repeated after a lost answer", async () => {
    server.on(SENT, () => "network error");
    const { box } = await renderComposer({ at: "/chats/chat-1" });
    type(box, "again");
    enter(box);
    fireEvent.click(await screen.findByRole("button", { name: "Try to send now" }));
    await sent(2);
    expect(box.value).toBe("");
    const [first, second] = server.asked(SENT).map(({ body }) => body.id);
    expect(second).toBe(first);
  });

  it("with the same id after a reload in the middle of sending", async () => {
    server.on(SENT, () => new Promise(() => {}));
    const { box, view } = await renderComposer({ at: "/chats/chat-1" });
    type(box, "again");
    enter(box);
    await sent();
    view.unmount();
    const reloaded = await renderComposer({ at: "/chats/chat-1" });
    await sent(2);
    expect(reloaded.box.value).toBe("");
    const [first, second] = server.asked(SENT).map(({ body }) => body.id);
    expect(second).toBe(first);
  });

  it("but with a new id when the text was changed, or is sent again on purpose", async () => {
    refuse();
    const { box, outbox } = await renderComposer({ at: "/chats/chat-1" });
    type(box, "first");
    enter(box);
    fireEvent.click(await screen.findByRole("button", { name: "Try again" }));
    await sent(2);
    await screen.findByRole("button", { name: "Try again" });
    acceptMessages(server);
    for (const count of [3, 4]) {
      type(box, "changed");
      enter(box);
      await sent(count);
      await waitFor(() => expect(outbox.items).toEqual([]));
    }
    const [first, again, ...others] = server.asked(SENT).map(({ body }) => body.id);
    expect(again).toBe(first);
    expect(new Set([first, ...others]).size).toBe(3);
  });
});

it("stops by a click, but not by the second half of a double click on send", async () => {
  const onStop = vi.fn();
  await renderComposer({ at: "/chats/chat-1", running: true, onStop });
  const button = screen.getByRole("button", { name: "Stop answering" });
  fireEvent.click(button, { detail: 2 });
  expect(onStop).not.toHaveBeenCalled();
  fireEvent.click(button, { detail: 1 });
  expect(onStop).toHaveBeenCalledTimes(1);
});

describe("a turn continues what this page shows", () => {
  const a1 = makeMessage({ id: "a1", role: "assistant" });
  const load = (client: QueryClient, after: string | null = null) =>
    client.setQueryData<Messages>(messagesKey("chat-1"), {
      pages: [{ results: [a1], siblings: {}, before: null, after }],
      pageParams: [{}],
    });

  it("by its parent, the last message that the server has", async () => {
    const { box, client } = await renderComposer({ at: "/chats/chat-1" });
    load(client);
    type(box, "one");
    enter(box);
    await sent();
    await waitFor(() => expect(readDraft(USER.id, "chat-1").text).toBe(""));
    type(box, "two");
    enter(box);
    await sent(2);
    const [first, second] = server.asked(SENT).map(({ body }) => body);
    expect(first?.parent).toBe("a1");
    expect(second?.parent).toBe(`answer-to-${first?.id}`);
  });

  it("also when the page is still on its way to what was sent just now", async () => {
    const { box, client } = await renderComposer({ at: "/chats/chat-1" });
    load(client);
    type(box, "one");
    enter(box);
    await sent();
    await waitFor(() => expect(readDraft(USER.id, "chat-1").text).toBe(""));
    load(client);
    type(box, "two");
    enter(box);
    await sent(2);
    const [first, second] = server.asked(SENT).map(({ body }) => body);
    expect(second?.parent).toBe(`answer-to-${first?.id}`);
  });

  it("and names none where the path is not loaded", async () => {
    const { box } = await renderComposer({ at: "/chats/chat-1" });
    type(box, "one");
    enter(box);
    await sent();
    expect(server.asked(SENT)[0]?.body).not.toHaveProperty("parent");
  });

  it("goes to the end of the chat first where only a part is loaded", async () => {
    server.on("GET /api/chats/*/messages/", () => ({
      body: {
        results: [makeMessage({ id: "a9", parent: "q9", role: "assistant" })],
        siblings: {},
        before: "a9",
        after: null,
      },
    }));
    const { box, client } = await renderComposer({ at: "/chats/chat-1" });
    load(client, "a1");
    type(box, "one");
    enter(box);
    await sent();
    expect(server.asked(SENT)[0]?.body.parent).toBe("a9");
  });

  it("and the reader is told when the chat had gone on elsewhere", async () => {
    acceptMessages(server, { branched: true });
    const { box, client } = await renderComposer({ at: "/chats/chat-1" });
    load(client);
    type(box, "one");
    enter(box);
    expect((await screen.findByRole("status")).textContent).toContain("gone on elsewhere");
    acceptMessages(server);
    type(box, "two");
    enter(box);
    await sent(2);
    await waitFor(() => expect(screen.queryByRole("status")).toBeNull());
  });
});

describe("text is never lost", () => {
  it("is in the outbox until the server has it, and in the box where that refuses it", async () => {
    let fail = () => {};
    server.on(
      SENT,
      () =>
        new Promise((resolve) => {
          fail = () => resolve({ status: 413, body: { code: "too_large", detail: "Too large." } });
        }),
    );
    const { box, outbox } = await renderComposer({ at: "/chats/chat-1" });
    type(box, "first");
    enter(box);
    await sent();
    expect(outbox.items).toMatchObject([{ content: "first" }]);
    await waitFor(() => expect(readDraft(USER.id, "chat-1").text).toBe(""));
    type(box, "second");
    fail();
    await screen.findByText(/Too large\./);
    expect(box.value).toBe("first\n\nsecond");
    await waitFor(() => expect(outbox.items).toEqual([]));
  });

  it("is kept as a draft of this chat and user 300 ms after the last key", async () => {
    const { box } = await renderComposer({ at: "/chats/chat-1" });
    vi.useFakeTimers();
    type(box, "half a th");
    vi.advanceTimersByTime(250);
    type(box, "half a thought");
    vi.advanceTimersByTime(299);
    expect(readDraft(USER.id, "chat-1").text).toBe("");
    vi.advanceTimersByTime(1);
    expect(readDraft(USER.id, "chat-1").text).toBe("half a thought");
    expect(readDraft("8", "chat-1").text).toBe("");
  });

  it("is kept at once when the page is left, and is there again afterwards", async () => {
    const { box, view } = await renderComposer({ at: "/chats/chat-1" });
    type(box, "half a thought");
    window.dispatchEvent(new Event("pagehide"));
    expect(readDraft(USER.id, "chat-1").text).toBe("half a thought");
    view.unmount();
    expect((await renderComposer({ at: "/chats/chat-1" })).box.value).toBe("half a thought");
    clearDrafts(USER.id);
    expect(readDraft(USER.id, "chat-1").text).toBe("");
  });
});

describe("a new chat", () => {
  it("is made under its own id, gets its address, and keeps the box mounted", async () => {
    const { box, router } = await renderComposer();
    type(box, "hello");
    enter(box);
    await sent();
    expect(server.asked("POST /api/chats/")[0]?.body.id).toBe(NEW_ID);
    expect(router.state.location.pathname).toBe(`/chats/${NEW_ID}`);
    expect(screen.getByRole("textbox", { name: "Message" })).toBe(box);
    await waitFor(() => expect(readDraft(USER.id, NEW_ID).text).toBe(""));
    expect(readDraft(USER.id, "new").text).toBe("");
  });

  it("keeps text and place when it cannot be made", async () => {
    server.on("POST /api/chats/", () => "network error");
    const { box, outbox, router } = await renderComposer();
    type(box, "hello");
    enter(box);
    await screen.findByRole("button", { name: "Take back into the box" });
    expect(outbox.items).toMatchObject([{ content: "hello", title: "hello" }]);
    expect(router.state.location.pathname).toBe("/");
    fireEvent.click(screen.getByRole("button", { name: "Take back into the box" }));
    await waitFor(() => expect(box.value).toBe("hello"));
    expect(outbox.items).toEqual([]);
    expect(readDraft(USER.id, "new").text).toBe("hello");
  });
});

it("remembers the chosen model for the next new chat", async () => {
  localStorage.setItem(`chattable.model.${USER.id}`, "other");
  const { box } = await renderComposer();
  await screen.findByRole("button", { name: "Model: other" });
  type(box, "hello");
  enter(box);
  await sent();
  expect(server.asked(SENT)[0]?.body.model).toBe("other");
});

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
