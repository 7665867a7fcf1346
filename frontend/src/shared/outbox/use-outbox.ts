import { useMemo, useSyncExternalStore } from "react";
import type { ApiError } from "@/shared/api/error";
import { useFeed } from "@/shared/events/use-live";
import type { Outbox, Outgoing } from "./outbox";

export const useOutbox = (): Outbox => useFeed().outbox;

/** All turns on their way to the server, oldest first. */
export function useOutgoing(): readonly Outgoing[] {
  const outbox = useOutbox();
  return useSyncExternalStore(outbox.subscribe, () => outbox.items);
}

/** Those of a chat, and why they could not be sent yet. */
export function useOutgoingOf(chatId: string): {
  outgoing: readonly Outgoing[];
  problem: ApiError | undefined;
} {
  const outbox = useOutbox();
  const items = useOutgoing();
  const problem = useSyncExternalStore(outbox.subscribe, () => outbox.problem);
  const outgoing = useMemo(() => items.filter(({ chat }) => chat === chatId), [items, chatId]);
  return { outgoing, problem };
}
