import {
  type InfiniteData,
  infiniteQueryOptions,
  type QueryClient,
  queryOptions,
} from "@tanstack/react-query";
import { beside } from "@/shared/base";
import { api, unwrap } from "./client";
import { messagesKey } from "./messages";
import type { Chat, ChatEvent, ChatPage } from "./types";

export const chatsKey = ["chats"] as const;
export const chatKey = (id: string) => ["chat", id] as const;

type Chats = InfiniteData<ChatPage, string | null>;

/** The owner's chats, newest activity first, page by page; the socket keeps it fresh. */
export const chatsQuery = infiniteQueryOptions({
  queryKey: chatsKey,
  queryFn: ({ pageParam, signal }) =>
    unwrap(
      api.GET("/api/chats/", {
        params: { query: { limit: 30, cursor: pageParam ?? undefined } },
        signal,
      }),
    ),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next,
  staleTime: Number.POSITIVE_INFINITY,
});

/** One chat. */
export const chatQuery = (id: string) =>
  queryOptions({
    queryKey: chatKey(id),
    queryFn: ({ signal }) =>
      unwrap(api.GET("/api/chats/{id}/", { params: { path: { id } }, signal })),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const createChat = (
  body: { id: string; title?: string; model?: string },
  signal?: AbortSignal,
) => unwrap(api.POST("/api/chats/", { body, signal }));

export const updateChat = (
  id: string,
  change: Partial<Pick<Chat, "title" | "model" | "instructions">>,
) => unwrap(api.PATCH("/api/chats/{id}/", { params: { path: { id } }, body: change }));

export const deleteChat = (id: string) =>
  unwrap(api.DELETE("/api/chats/{id}/", { params: { path: { id } } }));

/** The chat's title as far as it is known here. */
export const chatTitle = (client: QueryClient, id: string): string =>
  client
    .getQueryData<Chats>(chatsKey)
    ?.pages.flatMap(({ results }) => results)
    .find((chat) => chat.id === id)?.title ?? "";

/** Where a chat comes as a file. */
export const exportAddress = (id: string, form: "markdown" | "json") =>
  beside(`api/chats/${id}/export/?form=${form}`);

/** Brings one event about a chat, or our own change of it, into everything the page knows about chats. */
export function applyChatEvent(client: QueryClient, event: ChatEvent): void {
  if (event.type === "chat.deleted") forgetChat(client, event.chat.id);
  else placeChat(client, event.chat);
}

function placeChat(client: QueryClient, chat: Chat): void {
  client.setQueryData<Chat>(chatKey(chat.id), (known) =>
    known && known.version > chat.version ? known : chat,
  );
  client.setQueryData<Chats>(chatsKey, (known) => known && placed(known, chat));
}

function forgetChat(client: QueryClient, id: string): void {
  client.setQueryData<Chats>(chatsKey, (known) => known && without(known, id));
  // What is on the page right now asks again, and learns that the chat is gone.
  void client.resetQueries({ queryKey: chatKey(id) });
  void client.resetQueries({ queryKey: messagesKey(id) });
}

const without = (chats: Chats, id: string): Chats => ({
  ...chats,
  pages: chats.pages.map((page) => ({
    ...page,
    results: page.results.filter((chat) => chat.id !== id),
  })),
});

function placed(chats: Chats, chat: Chat): Chats {
  const known = chats.pages.flatMap((page) => page.results).find(({ id }) => id === chat.id);
  if (known && known.version > chat.version) return chats;
  const rest = without(chats, chat.id);
  const older = (other: Chat) => Date.parse(other.active_at) <= Date.parse(chat.active_at);
  const at = rest.pages.findIndex((page) => page.results.some(older));
  const last = rest.pages.length - 1;
  // Older than all that is loaded: the page it belongs to will bring it.
  if (at < 0 && !known && rest.pages[last]?.next) return rest;
  const target = at < 0 ? last : at;
  return {
    ...rest,
    pages: rest.pages.map((page, index) => {
      if (index !== target) return page;
      const split = at < 0 ? page.results.length : page.results.findIndex(older);
      return {
        ...page,
        results: [...page.results.slice(0, split), chat, ...page.results.slice(split)],
      };
    }),
  };
}
