import { describe, expect, it } from "vitest";
import { nextMode, reserveFor, type ScrollEvent, type ScrollMode } from "@/features/chat/scroll";

const scrolled = (change: Partial<Extract<ScrollEvent, { type: "scrolled" }>>): ScrollEvent => ({
  type: "scrolled",
  byReader: true,
  up: false,
  distance: 0,
  ...change,
});
const MODES: ScrollMode[] = ["anchored", "following", "free"];

describe("the scroll mode", () => {
  it.each<[string, ScrollMode, ScrollEvent, ScrollMode]>([
    ["a sent turn anchors", "free", { type: "sent" }, "anchored"],
    [
      "without its turn the end is followed",
      "anchored",
      { type: "anchor", isHere: false },
      "following",
    ],
    [
      "a turn that comes back is anchored",
      "following",
      { type: "anchor", isHere: true },
      "anchored",
    ],
    ["but not for a reader elsewhere", "free", { type: "anchor", isHere: true }, "free"],
    ["who stays without it, too", "free", { type: "anchor", isHere: false }, "free"],
    ["the pill follows", "free", { type: "latest" }, "following"],
    ["a wheel turned up is the reader's", "following", { type: "touched", up: true }, "free"],
    [
      "a wheel turned down at the end changes nothing",
      "following",
      { type: "touched", up: false },
      "following",
    ],
    [
      "the reader who scrolls up a little is free, though near the end",
      "following",
      scrolled({ up: true, distance: 30 }),
      "free",
    ],
    [
      "the reader who comes back to the end follows",
      "free",
      scrolled({ distance: 64 }),
      "following",
    ],
    ["the reader who stops before the end stays free", "free", scrolled({ distance: 65 }), "free"],
    [
      "the reader who reads on below an anchored question is free",
      "anchored",
      scrolled({ distance: 400 }),
      "free",
    ],
  ])("%s", (_, mode, event, expected) => {
    expect(nextMode(mode, event)).toBe(expected);
  });

  it.each(MODES)("never takes the page's own scrolling for the reader's (%s)", (mode) => {
    for (const up of [true, false])
      for (const distance of [0, 10_000])
        expect(nextMode(mode, scrolled({ byReader: false, up, distance }))).toBe(mode);
  });
});

describe("the space below an anchored turn", () => {
  it("fills the view, shrinks as the answer grows, and ends as a gap", () => {
    expect(reserveFor(800, 1_100, 1_000, 16)).toBe(684);
    expect(reserveFor(800, 1_500, 1_000, 16)).toBe(284);
    expect(reserveFor(800, 3_000, 1_000, 16)).toBe(16);
  });
});
