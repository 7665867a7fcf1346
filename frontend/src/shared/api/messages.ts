import { type InfiniteData, infiniteQueryOptions, type QueryClient } from "@tanstack/react-query";
import { api, unwrap } from "./client";
import { asApiError } from "./error";
import type { MessagePage, SentMessage, ShownMessage } from "./types";

/** By a message's id: it and its siblings, oldest first. */
export type Siblings = Readonly<Record<string, readonly string[]>>;

/** Where a page of the active path starts; empty is the newest page. */
export type MessageCursor = { before?: string; after?: string; around?: string };
export type Messages = InfiniteData<MessagePage, MessageCursor>;

const MOST_PAGES = 20;

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
    // The far end of a chat that is read through is fetched again when the reader comes back to it.
    maxPages: MOST_PAGES,
  });

export const fetchMessage = (id: string) =>
  unwrap(api.GET("/api/messages/{id}/", { params: { path: { id } } }));

export const sendMessage = (
  chatId: string,
  body: { id: string; content: string; parent?: string | null; model?: string },
  signal?: AbortSignal,
): Promise<SentMessage> =>
  unwrap(api.POST("/api/chats/{id}/messages/", { params: { path: { id: chatId } }, body, signal }));

/** Another text for a turn that waits; refused once its answer has begun. */
export const changeMessage = (id: string, content: string) =>
  unwrap(api.PATCH("/api/messages/{id}/", { params: { path: { id } }, body: { content } }));

/** Deletes a turn that waits; false where somebody else has done so. */
export async function withdrawMessage(id: string): Promise<boolean> {
  try {
    await unwrap(api.DELETE("/api/messages/{id}/", { params: { path: { id } } }));
    return true;
  } catch (error) {
    if (asApiError(error).status === 404) return false;
    throw error;
  }
}

export const stopMessage = (id: string) =>
  unwrap(api.POST("/api/messages/{id}/stop/", { params: { path: { id } } }));

/** Lets the branch of a message be shown; gives the chat back. */
export const showMessage = (id: string) =>
  unwrap(api.POST("/api/messages/{id}/show/", { params: { path: { id } } }));

export const regenerateMessage = (id: string, body: { id?: string; model?: string } = {}) =>
  unwrap(api.POST("/api/messages/{id}/regenerate/", { params: { path: { id } }, body }));

/** Has an answer that was cut short go on, beside itself. */
export const continueMessage = (id: string, body: { id?: string; model?: string } = {}) =>
  unwrap(api.POST("/api/messages/{id}/continue/", { params: { path: { id } }, body }));

/** Every loaded message of the active path, oldest first. */
export const flatMessages = (messages: Messages | undefined): ShownMessage[] =>
  messages?.pages.flatMap((page) => page.results) ?? [];

/** How many messages stand before the first that is loaded, and how many there are in all. */
export function extentOf(messages: Messages | undefined): { start: number; length: number } {
  const pages = messages?.pages ?? [];
  const start = pages[0]?.position ?? 0;
  const end = start + pages.reduce((sum, { results }) => sum + results.length, 0);
  const isCut = Boolean(pages.at(-1)?.after);
  return { start, length: isCut ? Math.max(end, ...pages.map(({ length = 0 }) => length)) : end };
}

/** The siblings of all loaded messages that have any. */
export const siblingsOf = (messages: Messages | undefined): Siblings =>
  Object.assign({}, ...(messages?.pages.map((page) => page.siblings) ?? []));

/** The last message that the server has; null for an empty path, undefined where its end is not loaded. */
export function leafOf(messages: Messages | undefined): string | null | undefined {
  if (!messages || messages.pages.at(-1)?.after) return undefined;
  return flatMessages(messages).at(-1)?.id ?? null;
}

const emptyMessages: Messages = {
  pages: [{ results: [], siblings: {}, before: null, after: null }],
  pageParams: [{}],
};

/** What is loaded of the path, without its pages; `after` is null where its end is here. */
interface Path {
  messages: readonly ShownMessage[];
  siblings: Siblings;
  after: string | null;
}

const pathOf = (messages: Messages): Path => ({
  messages: flatMessages(messages),
  siblings: siblingsOf(messages),
  after: messages.pages.at(-1)?.after ?? null,
});

/** A chat that was made just now has an empty path, which nobody needs to ask for. */
export const beginPath = (client: QueryClient, chatId: string) =>
  client.setQueryData<Messages>(messagesKey(chatId), (known) => known ?? emptyMessages);

/** Takes a message away that the server has no more, and reads anew what stands around it. */
export function forgetMessage(client: QueryClient, chatId: string, id: string): void {
  client.setQueryData<Messages>(messagesKey(chatId), (known) => {
    if (!known) return known;
    const path = pathOf(known);
    return withPath(known, { ...path, messages: path.messages.filter((one) => one.id !== id) });
  });
  void client.invalidateQueries({ queryKey: messagesKey(chatId) });
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
    let path = pathOf(known);
    for (const message of messages) {
      const next = merged(path, message, grow);
      if (next) path = next;
      else complete = false;
    }
    return withPath(known, path);
  });
  return complete;
}

function merged(path: Path, message: ShownMessage, grow: boolean): Path | undefined {
  const { messages, after } = path;
  const at = messages.findIndex(({ id }) => id === message.id);
  const known = messages[at];
  if (known) {
    const isOlder = message.version < known.version;
    return isOlder ? path : { ...path, messages: messages.toSpliced(at, 1, message) };
  }
  if (!grow) return undefined;
  const parentAt = messages.findIndex(({ id }) => id === message.parent);
  const isRoot = message.parent === null && (messages[0]?.parent ?? null) === null;
  const rival = messages[parentAt + 1];
  // Where the end is not loaded, what comes there need not be, either.
  if (after && (parentAt < 0 ? !isRoot : !rival)) return path;
  if (parentAt < 0 && !isRoot) return undefined;
  return placed(path, message, messages.slice(0, parentAt + 1), rival);
}

/** The path with a new message after `head`, in the place of its rival and what followed that one. */
function placed(
  path: Path,
  message: ShownMessage,
  head: readonly ShownMessage[],
  rival: ShownMessage | undefined,
): Path {
  const { siblings } = path;
  const family = rival ? (siblings[rival.id] ?? [rival.id]) : [];
  // Another branch, which the reader has left.
  if (family.includes(message.id)) return path;
  if (rival && rival.created_at > message.created_at) {
    const older = family.toSpliced(family.indexOf(rival.id), 0, message.id);
    return { ...path, siblings: { ...siblings, [rival.id]: older } };
  }
  return {
    messages: [...head, message],
    siblings: rival ? { ...siblings, [message.id]: [...family, message.id] } : siblings,
    after: null,
  };
}

/** Writes a changed path back into the pages it came from; what is new lands in the last page. */
function withPath(known: Messages, { messages, siblings, after }: Path): Messages {
  const pageOf = new Map(
    known.pages.flatMap((page, index) =>
      page.results.map(({ id }): [string, number] => [id, index]),
    ),
  );
  const pages = known.pages.map((page): MessagePage => ({ ...page, results: [] }));
  for (const message of messages)
    pages[pageOf.get(message.id) ?? pages.length - 1]?.results.push(message);
  const last = pages.pop();
  return {
    ...known,
    pages: last ? [...pages, { ...last, siblings, after }] : [],
  };
}
