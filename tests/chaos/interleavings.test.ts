import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import type { Message } from "@/shared/api/types";
import { foldEvent, foldSnapshot, hasGap, isRunning, type LiveState } from "@/shared/events/fold";
import { isMessageEvent, readFrame } from "@/shared/events/frame";

interface Story {
  steps: ({ frame: string } | { fetched: Message })[];
  texts: Record<string, { content: string; reasoning: string }>;
  fresh: Message;
  lossless: boolean;
}

const stories = readFileSync(process.env.INTERLEAVINGS ?? "", "utf8")
  .trimEnd()
  .split("\n")
  .map((line): Story => JSON.parse(line));

const characters = (text: string): number => [...text].length;

function step(state: LiveState, one: Story["steps"][number]): LiveState {
  if ("frame" in one) return readFrame(one.frame).filter(isMessageEvent).reduce(foldEvent, state);
  const { fetched } = one;
  return new Map(state).set(fetched.id, foldSnapshot(state.get(fetched.id), fetched));
}

function checkShown(message: Message | undefined, texts: Story["texts"]): void {
  if (!message) return;
  for (const field of ["content", "reasoning"] as const) {
    const whole = texts[message.rev]?.[field] ?? "";
    if (!whole.startsWith(message[field])) expect(message[field]).toBe(whole);
    if (characters(message[field]) !== message[`${field}_length`])
      expect(message[`${field}_length`]).toBe(characters(message[field]));
  }
}

it.each(stories.map((story, seed) => ({ story, seed })))("story $seed", ({ story }) => {
  const { fresh, texts, steps, lossless } = story;
  let state: LiveState = new Map();
  let rev = -1;
  for (const one of steps) {
    state = step(state, one);
    const shown = state.get(fresh.id)?.message;
    checkShown(shown, texts);
    expect(shown?.rev ?? rev).toBeGreaterThanOrEqual(rev);
    rev = shown?.rev ?? rev;
  }
  const last = state.get(fresh.id);
  if (!last?.message || isRunning(last.message) || hasGap(last)) {
    expect(lossless).toBe(false);
    state = step(state, { fetched: fresh });
  }
  expect(state.get(fresh.id)?.message).toEqual(fresh);
  expect(hasGap(state.get(fresh.id))).toBe(false);
});
