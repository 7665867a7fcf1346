import { isRunning } from "@/features/chat/use-shown";
import type { ShownMessage } from "@/shared/api/types";
import type { Outgoing } from "@/shared/outbox/outbox";

interface Split {
  /** What has been said, up to the answer that is written now. */
  rows: readonly ShownMessage[];
  /** The reader's turns that wait for that answer to end, with the answers to come, and those that could not be sent. */
  waiting: readonly ShownMessage[];
}

interface Options {
  /** On the way to the server. */
  outgoing?: readonly Outgoing[];
  /** They could not be sent yet. */
  isHeldUp?: boolean;
  /** The answers that were asked to stop: a turn after one is as good as begun. */
  stopping?: readonly string[];
}

/** A turn waits while the answer before it runs, or does not even exist. */
export function splitWaiting(
  messages: readonly ShownMessage[],
  { outgoing = [], isHeldUp = false, stopping = [] }: Options,
): Split {
  const unknown = outgoing.filter(({ id }) => !messages.some((message) => message.id === id));
  const all = [...messages, ...unknown.map(asMessage)];
  const at = all.findIndex(({ role, status }, index) => {
    if (isHeldUp && status === "sending") return true;
    const before = all[index - 1];
    return role === "user" && before && isOpen(before) && !stopping.includes(before.id);
  });
  return at < 0 ? { rows: all, waiting: [] } : { rows: all.slice(0, at), waiting: all.slice(at) };
}

const isOpen = (message: ShownMessage): boolean =>
  message.status === "sending" || isRunning(message);

function asMessage({ id, chat, content }: Outgoing): ShownMessage {
  const now = new Date().toISOString();
  return {
    id,
    chat,
    content,
    parent: null,
    role: "user",
    status: "sending",
    version: -1,
    rev: 0,
    reasoning: "",
    model: "",
    finish_reason: "",
    error: null,
    retry_at: null,
    content_length: content.length,
    reasoning_length: 0,
    reasoning_ms: null,
    created_at: now,
    updated_at: now,
  };
}
