import { isRunning } from "@/features/chat/use-shown";
import type { ShownMessage } from "@/shared/api/types";

interface Split {
  /** What has been said, up to the answer that is written now. */
  rows: readonly ShownMessage[];
  /** The reader's turns that wait for that answer to end, with the answers to come. */
  waiting: readonly ShownMessage[];
}

/** A turn waits while the answer before it runs; after one that is being stopped it is as good as begun. */
export function splitWaiting(
  messages: readonly ShownMessage[],
  stopping: readonly string[],
): Split {
  const at = messages.findIndex(({ role }, index) => {
    const before = messages[index - 1];
    return role === "user" && before && isRunning(before) && !stopping.includes(before.id);
  });
  return at < 0
    ? { rows: messages, waiting: [] }
    : { rows: messages.slice(0, at), waiting: messages.slice(at) };
}
