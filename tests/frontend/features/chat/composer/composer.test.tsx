import type { QueryClient } from "@tanstack/react-query";
import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Messages, messagesKey } from "@/shared/api/messages";
import { clearDrafts, readDraft } from "@/shared/drafts";
import { changeSettings } from "@/shared/settings";
import { type FakeServer, makeMessage } from "../../../fake-server";
import { USER } from "../../../render-page";
import {
  acceptMessages,
  enter,
  makeServer,
  NEW_ID,
  renderComposer,
  SENT,
  type,
} from "./render-composer";

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

  it("does not stop an answer for the Esc that closes a menu, nor while it is still held down", async () => {
    const onStop = vi.fn();
    const { box } = await renderComposer({ at: "/chats/chat-1", running: true, onStop });
    fireEvent.keyDown(screen.getByRole("button", { name: /^Model/ }), { key: "Enter" });
    fireEvent.keyDown(await screen.findByRole("menu"), { key: "Escape" });
    await waitFor(() => expect(screen.queryByRole("menu")).toBeNull());
    fireEvent.keyDown(box, { key: "Escape", repeat: true });
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

it("is on its way until the server's answer to it is there, which the next turn follows", async () => {
  server.on(SENT, () => new Promise(() => {}));
  const question = makeMessage({ id: "sent", content: "hello" });
  const { outbox } = await renderComposer({ at: "/chats/chat-1", messages: [question] });
  const turn = { id: "sent", chat: "chat-1", content: "hello", parent: null };
  await act(() => outbox.add(turn));
  await act(() => outbox.add({ ...turn, id: "next", content: "and then" }));
  expect(outbox.items.map(({ id, parent }) => [id, parent])).toEqual([
    ["sent", null],
    ["next", null],
  ]);
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
