import { createContext, useCallback, useContext, useSyncExternalStore } from "react";
import type { Message } from "@/shared/api/types";
import type { Outbox } from "@/shared/outbox/outbox";
import type { Connection, ConnectionStatus } from "./connection";
import type { LiveStore } from "./live";
import type { UnreadStore } from "./unread";

export interface Feed {
  live: LiveStore;
  connection: Connection;
  unread: UnreadStore;
  outbox: Outbox;
}

/** What the signed-in reader is told; it lives as long as the session. */
export const FeedContext = createContext<Feed | null>(null);

export function useFeed(): Feed {
  const feed = useContext(FeedContext);
  if (!feed) throw new Error("There is no FeedContext above this component.");
  return feed;
}

export const useUnread = (): UnreadStore => useFeed().unread;

/** The chats in which an answer has ended while nobody was looking. */
export function useUnreadIds(): ReadonlySet<string> {
  const unread = useUnread();
  return useSyncExternalStore(unread.subscribe, () => unread.ids);
}

export const useLive = (): LiveStore => useFeed().live;

/** The message as far as it has grown, painted at most once per frame; undefined when it is not live. */
export function useLiveMessage(id: string): Message | undefined {
  const live = useLive();
  const subscribe = useCallback((wake: () => void) => live.subscribeMessage(id, wake), [live, id]);
  return useSyncExternalStore(subscribe, () => live.message(id));
}

/** The ids of the chat's running answers. */
export function useRunningIds(chatId: string): readonly string[] {
  const live = useLive();
  const subscribe = useCallback(
    (wake: () => void) => live.subscribeRunning(chatId, wake),
    [live, chatId],
  );
  return useSyncExternalStore(subscribe, () => live.running(chatId));
}

/** True while an answer of the chat is being written. */
export const useRunning = (chatId: string): boolean => useRunningIds(chatId).length > 0;

/** The way by which events come. */
export function useTransport(): Connection["transport"] {
  const { connection } = useFeed();
  return useSyncExternalStore(connection.subscribe, () => connection.transport);
}

export function useConnectionStatus(): ConnectionStatus {
  const { connection } = useFeed();
  return useSyncExternalStore(connection.subscribe, () => connection.status);
}
