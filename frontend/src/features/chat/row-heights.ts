import type { ShownMessage } from "@/shared/api/types";

/** Measured heights of rows, by message and width, so that a chat opens again without a jump. */
const heights = new Map<string, number>();
const MOST_KEPT = 5_000;

const keyOf = (id: string, width: number) => `${id} ${width}`;

const keptHeight = (id: string, width: number): number | undefined => heights.get(keyOf(id, width));

export function keepHeight(id: string, width: number, height: number): void {
  const key = keyOf(id, width);
  // What was measured last is forgotten last.
  heights.delete(key);
  heights.set(key, height);
  const [oldest] = heights.keys();
  if (heights.size > MOST_KEPT && oldest !== undefined) heights.delete(oldest);
}

/** Measured before, or else guessed by the text's length. */
export function heightOf(message: ShownMessage | undefined, view: HTMLElement | null): number {
  const kept = message && view ? keptHeight(message.id, view.clientWidth) : undefined;
  if (kept !== undefined) return kept;
  const lines = Math.ceil((message?.content_length ?? 0) / 85);
  return (message?.role === "user" ? Math.min(lines, 12) : lines) * 26 + 72;
}
