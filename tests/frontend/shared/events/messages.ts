import type { Message } from "@/shared/api/types";
import type { MessageDelta } from "@/shared/events/types";

const DEFAULTS: Message = {
  id: "answer",
  chat: "chat",
  parent: "question",
  role: "assistant",
  content: "",
  reasoning: "",
  model: "demo",
  status: "streaming",
  finish_reason: "",
  error: null,
  retry_at: null,
  reasoning_ms: null,
  rev: 1,
  version: 2,
  content_length: 0,
  reasoning_length: 0,
  created_at: "2026-01-05T10:00:00Z",
  updated_at: "2026-01-05T10:00:00Z",
};

/** A running answer, with the lengths that the server would count. */
export function answer(change: Partial<Message> = {}): Message {
  const message = { ...DEFAULTS, ...change };
  return {
    ...message,
    content_length: characters(message.content),
    reasoning_length: characters(message.reasoning),
  };
}

export const settled = (change: Partial<Message> = {}): Message =>
  answer({ status: "complete", finish_reason: "stop", version: 3, ...change });

export function delta(
  start: number,
  text: string,
  change: Partial<MessageDelta> = {},
): MessageDelta {
  return {
    type: "delta",
    id: "answer",
    rev: 1,
    content: [start, start + characters(text), text],
    ...change,
  };
}

export const characters = (text: string): number => [...text].length;

/** A repeatable source of numbers from 0 up to 1. */
export function seeded(seed: number): () => number {
  let state = seed * 2654435761;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
