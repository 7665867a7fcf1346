import { type InfiniteData, QueryClient } from "@tanstack/react-query";
import { beforeEach, expect, it } from "vitest";
import { applyChatEvent, chatKey, chatsKey } from "@/shared/api/chats";
import { messagesKey } from "@/shared/api/messages";
import type { Chat, ChatPage } from "@/shared/api/types";
import { makeChat } from "../../fake-server";

const at = (hour: number) => `2026-01-15T${String(hour).padStart(2, "0")}:00:00Z`;
const chat = (id: string, hour: number, rest: Partial<Chat> = {}) =>
  makeChat({ id, active_at: at(hour), ...rest });

let client: QueryClient;
beforeEach(() => {
  client = new QueryClient();
  client.setQueryData<InfiniteData<ChatPage>>(chatsKey, {
    pages: [
      { results: [chat("e", 15), chat("d", 14)], next: "2" },
      { results: [chat("c", 13), chat("b", 12)], next: "3" },
    ],
    pageParams: [null, "2"],
  });
});

const list = () =>
  client
    .getQueryData<InfiniteData<ChatPage>>(chatsKey)
    ?.pages.map((page) => page.results.map(({ id }) => id).join(""));

it("puts a new chat on top, once, however often it is told", () => {
  applyChatEvent(client, { type: "chat.created", chat: chat("f", 16) });
  applyChatEvent(client, { type: "chat.created", chat: chat("f", 16) });
  expect(list()).toEqual(["fed", "cb"]);
});

it("moves a chat with new activity to its place", () => {
  applyChatEvent(client, { type: "chat.updated", chat: chat("b", 16, { version: 2 }) });
  expect(list()).toEqual(["bed", "c"]);
});

it("keeps a renamed chat where it is, the oldest loaded one too", () => {
  applyChatEvent(client, { type: "chat.updated", chat: chat("b", 12, { version: 2 }) });
  applyChatEvent(client, {
    type: "chat.updated",
    chat: chat("c", 13, { version: 2, title: "New" }),
  });
  expect(list()).toEqual(["ed", "cb"]);
  expect(client.getQueryData<Chat>(chatKey("c"))?.title).toBe("New");
});

it("ignores an older version", () => {
  applyChatEvent(client, {
    type: "chat.updated",
    chat: chat("c", 13, { version: 3, title: "New" }),
  });
  applyChatEvent(client, {
    type: "chat.updated",
    chat: chat("c", 16, { version: 2, title: "Old" }),
  });
  expect(list()).toEqual(["ed", "cb"]);
  expect(client.getQueryData<Chat>(chatKey("c"))?.title).toBe("New");
});

it("leaves a chat that is older than what is loaded to the page it belongs to", () => {
  applyChatEvent(client, { type: "chat.updated", chat: chat("a", 1) });
  expect(list()).toEqual(["ed", "cb"]);
});

it("forgets a deleted chat and its messages", () => {
  client.setQueryData(chatKey("d"), chat("d", 14));
  client.setQueryData(messagesKey("d"), { pages: [], pageParams: [] });
  applyChatEvent(client, { type: "chat.deleted", chat: { id: "d" } });
  expect(list()).toEqual(["e", "cb"]);
  expect(client.getQueryData(chatKey("d"))).toBeUndefined();
  expect(client.getQueryData(messagesKey("d"))).toBeUndefined();
});
