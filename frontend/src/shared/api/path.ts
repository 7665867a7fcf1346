import type { QueryClient } from "@tanstack/react-query";
import { chatKey } from "./chats";
import { asApiError } from "./error";
import {
  fetchMessages,
  flatMessages,
  leafOf,
  type MessageCursor,
  type Messages,
  mergeMessages,
  messagesKey,
  siblingsOf,
} from "./messages";
import type { Chat, MessagePage, SentMessage } from "./types";

const MOST_TRIES = 3;

/** The key under which this page itself changes how the path goes on. */
export const pathKey = (chatId: string) => ["path", chatId] as const;

/** The key under which this page itself changes which branch is shown. */
export const showKey = (chatId: string) => [...pathKey(chatId), "show"] as const;

/** Resolves once the path goes on as this page has asked for. */
export function pathChanged(client: QueryClient, chatId: string): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (client.isMutating({ mutationKey: pathKey(chatId) }) > 0) return;
      unsubscribe();
      resolve();
    };
    const unsubscribe = client.getMutationCache().subscribe(look);
    look();
  });
}

/** A place that a page of messages was asked from is not on the path that is shown. */
export const isNotShown = (error: unknown): boolean =>
  Object.values(asApiError(error).fields)
    .flat()
    .some(({ code }) => code === "not_shown");

/** Reads the path around a place, or else its end, and brings it into what is loaded. */
export async function openPath(
  client: QueryClient,
  chatId: string,
  cursor: MessageCursor = {},
  signal?: AbortSignal,
): Promise<void> {
  const queryKey = messagesKey(chatId);
  await client.cancelQueries({ queryKey });
  for (let tries = 1; ; tries++) {
    const before = client.getQueryData<Messages>(queryKey);
    const page = await fetchMessages(chatId, cursor, signal);
    // The reader is on the way to another place already.
    signal?.throwIfAborted();
    // What came meanwhile may be newer than the page.
    if (client.getQueryData(queryKey) !== before && tries < MOST_TRIES) continue;
    client.setQueryData<Messages>(queryKey, (known) => joined(known, page, cursor));
    return;
  }
}

/** Reads the path anew where it ends elsewhere than the chat says, as after another page has shown a branch. */
export function followLeaf(client: QueryClient, chatId: string): void {
  const messages = client.getQueryData<Messages>(messagesKey(chatId));
  const leaf = client.getQueryData<Chat>(chatKey(chatId))?.current_leaf;
  if (!leaf || leafOf(messages) === undefined) return;
  if (flatMessages(messages).some(({ id }) => id === leaf)) return;
  if (client.isMutating({ mutationKey: showKey(chatId) }) === 0) reopen(client, chatId);
}

/** Reads the end of the path anew; where that fails, the page asks again on its own. */
export function reopen(client: QueryClient, chatId: string): void {
  openPath(client, chatId).catch(() =>
    client.invalidateQueries({ queryKey: messagesKey(chatId) }, { cancelRefetch: false }),
  );
}

/** The path is loaded, but not up to its end. */
export const isCut = (client: QueryClient, chatId: string): boolean =>
  Boolean(client.getQueryData<Messages>(messagesKey(chatId))?.pages.at(-1)?.after);

/** Brings a turn that the server has taken, with its answer, into the loaded path. */
export function placeSent(client: QueryClient, chatId: string, sent: SentMessage): void {
  const queryKey = messagesKey(chatId);
  // A page asked for before the turn was sent may come after this, without it.
  const isRacing = client.isFetching({ queryKey }) > 0;
  const isPlaced = mergeMessages(client, chatId, [sent.message, sent.answer], { grow: true });
  if (isRacing || !isPlaced) void client.invalidateQueries({ queryKey });
  // What the turn stands beside is unknown here.
  else if (sent.branched && !siblingsOf(client.getQueryData(queryKey))[sent.message.id])
    reopen(client, chatId);
}

/** The page after those of the loaded messages that lead to it; alone, where none do. */
function joined(known: Messages | undefined, page: MessagePage, cursor: MessageCursor): Messages {
  const first = page.results[0];
  const messages = flatMessages(known);
  const at = messages.findIndex(({ id }) => id === first?.id);
  const parentAt = messages.findIndex(({ id }) => id === first?.parent);
  const head = new Set(messages.slice(0, at < 0 ? parentAt + 1 : at).map(({ id }) => id));
  const kept = known?.pages.flatMap((before, index) => {
    const results = before.results.filter(({ id }) => head.has(id));
    return results.length > 0
      ? [{ page: { ...before, results }, param: known.pageParams[index] }]
      : [];
  });
  return {
    pages: [...(kept?.map((before) => before.page) ?? []), page],
    pageParams: [...(kept?.map((before) => before.param ?? {}) ?? []), cursor],
  };
}
