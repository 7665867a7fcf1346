import { createContext, useCallback, useContext, useSyncExternalStore } from "react";
import type { Message } from "@/shared/api/types";
import type { LiveStore } from "./live";
import type { ChatSocket, SocketStatus } from "./socket";

export interface Connection {
  live: LiveStore;
  socket: ChatSocket;
}

/** The signed-in reader's connection; it lives as long as the session. */
export const ConnectionContext = createContext<Connection | null>(null);

export function useConnection(): Connection {
  const connection = useContext(ConnectionContext);
  if (!connection) throw new Error("There is no ConnectionContext above this component.");
  return connection;
}

export const useLive = (): LiveStore => useConnection().live;

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

export function useSocketStatus(): SocketStatus {
  const { socket } = useConnection();
  return useSyncExternalStore(socket.subscribe, () => socket.status);
}
