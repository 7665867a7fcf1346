import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Message } from "@/shared/api/types";
import {
  foldDelta,
  foldEvent,
  foldSnapshot,
  hasGap,
  type Live,
  type LiveState,
} from "@/shared/events/fold";
import { isChatEvent, readFrame } from "@/shared/events/frame";
import type { LightMessage, MessageDelta } from "@/shared/events/types";
import { answer, characters, delta, seeded, settled } from "./messages";

interface Fixture {
  name: string;
  start: Message[];
  frames: unknown[];
  expect: { messages: Record<string, Partial<Message>>; refetch: string[] };
}

const fixtures: Fixture[] = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../fixtures/events.json"), "utf8"),
);
const live = (message: Message): Live => foldSnapshot(undefined, message);
const light = ({ content: _, reasoning: __, ...message }: Message): LightMessage => message;

describe("the shared contract of frames", () => {
  it.each(fixtures)("$name", ({ start, frames, expect: expected }) => {
    let state: LiveState = new Map(start.map((message) => [message.id, live(message)]));
    for (const frame of frames)
      for (const event of readFrame(JSON.stringify(frame)))
        if (!isChatEvent(event)) state = foldEvent(state, event);

    const known = [...state].filter(([, { message }]) => message);
    expect(Object.fromEntries(known.map(([id, { message }]) => [id, shape(message)]))).toEqual(
      expected.messages,
    );
    expect([...state].filter(([, one]) => hasGap(one)).map(([id]) => id)).toEqual(expected.refetch);
  });
});

const shape = (message: Message | undefined) => ({
  content: message?.content,
  reasoning: message?.reasoning,
  status: message?.status,
  rev: message?.rev,
  version: message?.version,
});

describe("a stop click", () => {
  it("holds the text still until the settled snapshot comes", () => {
    const muted = { ...live(answer({ content: "one" })), muted: true };
    const still = foldDelta(muted, delta(3, " two"));
    expect(still).toBe(muted);
    const stopped = foldSnapshot(still, settled({ status: "stopped", content: "one two" }));
    expect(stopped).toMatchObject({
      muted: false,
      message: { content: "one two", status: "stopped" },
    });
  });

  it("asks for the text when the settled update comes without it", () => {
    const muted = { ...live(answer({ content: "one" })), muted: true };
    expect(
      hasGap(foldSnapshot(muted, light(settled({ status: "stopped", content: "one two" })))),
    ).toBe(true);
  });
});

describe("a state that has not changed", () => {
  it("is the same object, so that nothing is painted", () => {
    const known = live(answer({ content: "one" }));
    expect(foldDelta(known, delta(0, "one"))).toBe(known);
    expect(foldSnapshot(known, answer({ content: "on" }))).toBe(known);
    const state: LiveState = new Map([["answer", known]]);
    expect(foldEvent(state, delta(0, "one"))).toBe(state);
  });
});

const WORDS = ["one ", "zwei ", "🦊", "👩‍🚀 ", "é", "\n\n", "𝔘𝔫𝔦", "`code` ", "x"];

interface Step {
  delta?: MessageDelta;
  snapshot?: Message | LightMessage;
}

/** A stream of two revs, as the server would send it, then lost, doubled and shuffled. */
function storm(random: () => number): {
  steps: Step[];
  texts: Record<number, string>;
  end: Message;
} {
  const texts: Record<number, string> = {};
  const steps: Step[] = [];
  const revs = random() < 0.4 ? [1, 2] : [1];
  for (const rev of revs) {
    let text = "";
    for (let count = 0; count < 25; count++) {
      const word = WORDS[Math.floor(random() * WORDS.length)] ?? "";
      steps.push({ delta: delta(characters(text), word, { rev }) });
      text += word;
      const snapshot = answer({ rev, version: 1 + rev, content: text });
      if (random() < 0.1) steps.push({ snapshot: random() < 0.5 ? snapshot : light(snapshot) });
    }
    texts[rev] = text;
  }
  const rev = revs.at(-1) ?? 1;
  return {
    steps: disturb(steps, random),
    texts,
    end: settled({ rev, version: 4, content: texts[rev] }),
  };
}

function disturb(steps: Step[], random: () => number): Step[] {
  const [loss, doubling, delay] = [random() * 0.3, random() * 0.3, random() * 12];
  return steps
    .filter(() => random() >= loss)
    .flatMap((step) => (random() < doubling ? [step, step] : [step]))
    .map((step, index) => ({ step, at: index + (random() < 0.3 ? random() * delay : 0) }))
    .sort((a, b) => a.at - b.at)
    .map(({ step }) => step);
}

describe("any loss, repetition and order of events", () => {
  it.each(Array.from({ length: 300 }, (_, seed) => seed))(
    "shows only true text and ends as stored (seed %i)",
    (seed) => {
      const random = seeded(seed);
      const { steps, texts, end } = storm(random);
      let state = random() < 0.5 ? live(answer()) : undefined;
      let shown = { rev: 0, length: 0 };
      for (const { delta: grown, snapshot } of steps) {
        if (grown) state = foldDelta(state, grown);
        if (snapshot) state = foldSnapshot(state, snapshot);
        const message = state?.message;
        if (!message) continue;
        expect(texts[message.rev]?.startsWith(message.content)).toBe(true);
        expect(message.content_length).toBe(characters(message.content));
        if (message.rev === shown.rev)
          expect(message.content_length).toBeGreaterThanOrEqual(shown.length);
        expect(message.rev).toBeGreaterThanOrEqual(shown.rev);
        shown = { rev: message.rev, length: message.content_length };
      }
      state = foldSnapshot(state, light(end));
      if (hasGap(state)) state = foldSnapshot(state, end);
      expect(state.message).toEqual(end);
      expect(hasGap(state)).toBe(false);
    },
  );

  it("needs no snapshot at all when deltas are only doubled and reordered", () => {
    for (let seed = 0; seed < 100; seed++) {
      const random = seeded(seed);
      const words = Array.from(
        { length: 40 },
        () => WORDS[Math.floor(random() * WORDS.length)] ?? "",
      );
      const deltas = words.map((word, index) =>
        delta(characters(words.slice(0, index).join("")), word),
      );
      const shuffled = [...deltas, ...deltas]
        .map((one) => ({ one, at: random() }))
        .sort((a, b) => a.at - b.at);
      const end = shuffled.reduce((state, { one }) => foldDelta(state, one), live(answer()));
      expect(end.message?.content).toBe(words.join(""));
      expect(hasGap(end)).toBe(false);
    }
  });
});
