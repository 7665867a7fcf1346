import { useEffect, useMemo } from "react";
import type { ShownMessage } from "@/shared/api/types";
import { useOutbox, useOutgoingOf } from "@/shared/outbox/use-outbox";
import { splitWaiting } from "./queue/split-waiting";

interface Options {
  chatId: string;
  messages: readonly ShownMessage[];
  stopping: readonly string[];
}

/** What stands in the transcript, and what waits on the box. */
export function useRows({ chatId, messages, stopping }: Options) {
  const outbox = useOutbox();
  const { outgoing, problem } = useOutgoingOf(chatId);
  useEffect(() => {
    // One whose confirmation was lost is here nevertheless; what waits behind it needs its answer.
    for (const turn of outgoing) {
      const answer = messages.find(({ parent }) => parent === turn.id);
      if (answer) void outbox.confirm(turn, answer.id);
    }
  }, [outbox, outgoing, messages]);
  return useMemo(
    () => splitWaiting(messages, { outgoing, isHeldUp: problem !== undefined, stopping }),
    [messages, outgoing, problem, stopping],
  );
}
