import { type InfiniteData, infiniteQueryOptions, type QueryClient } from "@tanstack/react-query";
import { api, unwrap } from "./client";
import type { MessagePage, SentMessage, ShownMessage } from "./types";

/** Where a page of the active path starts; empty is the newest page. */
export type MessageCursor = { before?: string; after?: string; around?: string };
export type Messages = InfiniteData<MessagePage, MessageCursor>;

export const messagesKey = (chatId: string) => ["messages", chatId] as const;

export const fetchMessages = (
  chatId: string,
  cursor: MessageCursor = {},
  signal?: AbortSignal,
): Promise<MessagePage> =>
  unwrap(
    api.GET("/api/chats/{id}/messages/", {
      params: { path: { id: chatId }, query: { limit: 50, ...cursor } },
      signal,
    }),
  );

/** The active path of one chat, oldest page first; `fetchPreviousPage` brings older ones. */
export const messagesQuery = (chatId: string) =>
  infiniteQueryOptions({
    queryKey: messagesKey(chatId),
    queryFn: ({ pageParam, signal }) => fetchMessages(chatId, pageParam, signal),
    initialPageParam: {} as MessageCursor,
    getPreviousPageParam: (page): MessageCursor | null =>
      page.before ? { before: page.before } : null,
    getNextPageParam: (page): MessageCursor | null => (page.after ? { after: page.after } : null),
    // The socket is what refreshes settled messages; comparing long lists deeply costs more than it saves.
    staleTime: Number.POSITIVE_INFINITY,
    structuralSharing: false,
  });

export const fetchMessage = (id: string) =>
  unwrap(api.GET("/api/messages/{id}/", { params: { path: { id } } }));

export const sendMessage = (
  chatId: string,
  message: { id: string; content: string; model?: string },
): Promise<SentMessage> =>
  unwrap(
    api.POST("/api/chats/{id}/messages/", { params: { path: { id: chatId } }, body: message }),
  );

export const stopMessage = (id: string) =>
  unwrap(api.POST("/api/messages/{id}/stop/", { params: { path: { id } } }));

export const regenerateMessage = (id: string, body: { id?: string; model?: string } = {}) =>
  unwrap(api.POST("/api/messages/{id}/regenerate/", { params: { path: { id } }, body }));

/** Every loaded message of the active path, oldest first. */
export const flatMessages = (messages: Messages | undefined): ShownMessage[] =>
  messages?.pages.flatMap((page) => page.results) ?? [];

const emptyMessages: Messages = {
  pages: [{ results: [], siblings: {}, before: null, after: null }],
  pageParams: [{}],
};

/**
 * Shows the reader's own turn before the server has it, at the end of the path. A path that is not loaded yet stays
 * so, unless this turn is its `first`.
 */
export function addOptimistic(
  client: QueryClient,
  chatId: string,
  turn: { id: string; content: string },
  { first = false }: { first?: boolean } = {},
): void {
  client.setQueryData<Messages>(messagesKey(chatId), (known) => {
    const messages = known ?? (first ? emptyMessages : undefined);
    if (!messages) return messages;
    const path = flatMessages(messages).filter((message) => message.id !== turn.id);
    const parent = path.at(-1)?.id ?? null;
    return replacePath(messages, [...path, optimisticTurn(chatId, parent, turn)]);
  });
}

/** Takes an unsent turn away again; one that the server already has stays. */
export function dropOptimistic(client: QueryClient, chatId: string, id: string): void {
  client.setQueryData<Messages>(messagesKey(chatId), (known) => {
    if (!known) return known;
    return replacePath(
      known,
      flatMessages(known).filter((message) => message.id !== id || message.status !== "sending"),
    );
  });
}

/**
 * Merges the server's snapshots into the loaded path: a newer version replaces the one known by its id. With `grow`
 * (message.created and answers of our own requests) an unknown message also takes its place after its parent, where
 * it replaces an older sibling and what followed it. Says whether every message had a place.
 */
export function mergeMessages(
  client: QueryClient,
  chatId: string,
  messages: ShownMessage[],
  { grow = false }: { grow?: boolean } = {},
): boolean {
  let complete = client.getQueryData(messagesKey(chatId)) !== undefined;
  client.setQueryData<Messages>(messagesKey(chatId), (known) => {
    if (!known) return known;
    let path = flatMessages(known);
    for (const message of messages) {
      const next = merged(path, message, grow);
      if (next) path = next;
      else complete = false;
    }
    return replacePath(known, path);
  });
  return complete;
}

function merged(
  path: ShownMessage[],
  message: ShownMessage,
  grow: boolean,
): ShownMessage[] | undefined {
  const at = path.findIndex(({ id }) => id === message.id);
  const known = path[at];
  if (known) return message.version < known.version ? path : path.with(at, message);
  if (!grow) return undefined;
  const parentAt = path.findIndex(({ id }) => id === message.parent);
  if (parentAt < 0 && (message.parent !== null || path.length > 0)) return undefined;
  const rival = path[parentAt + 1];
  if (rival && rival.status !== "sending" && rival.created_at > message.created_at) return path;
  const waiting = path.slice(parentAt + 1).filter(({ status }) => status === "sending");
  return [...path.slice(0, parentAt + 1), message, ...waiting];
}

/** Writes a changed path back into the pages it came from; what is new lands in the last page. */
function replacePath(messages: Messages, path: ShownMessage[]): Messages {
  const pageOf = new Map(
    messages.pages.flatMap((page, index) =>
      page.results.map(({ id }): [string, number] => [id, index]),
    ),
  );
  const pages = messages.pages.map((page): MessagePage => ({ ...page, results: [] }));
  for (const message of path)
    pages[pageOf.get(message.id) ?? pages.length - 1]?.results.push(message);
  return { ...messages, pages };
}

function optimisticTurn(
  chat: string,
  parent: string | null,
  turn: { id: string; content: string },
): ShownMessage {
  const now = new Date().toISOString();
  return {
    ...turn,
    chat,
    parent,
    role: "user",
    status: "sending",
    version: -1,
    rev: 0,
    reasoning: "",
    model: "",
    finish_reason: "",
    error: null,
    retry_at: null,
    content_length: 0,
    reasoning_length: 0,
    created_at: now,
    updated_at: now,
  };
}
