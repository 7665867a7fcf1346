import { expect, it } from "vitest";
import { titleFrom } from "@/features/chat/composer/title";

it.each([
  ["Hello", "Hello"],
  ["  # Plan\n\nwith details", "Plan"],
  ["日".repeat(70), `${"日".repeat(60)}…`],
  ["👩‍👩‍👧 family", "👩‍👩‍👧 family"],
  [
    "Please explain how the garbage collector of this language decides what may go",
    "Please explain how the garbage collector of this language…",
  ],
  ["***", "***"],
])("takes the beginning of %j", (text, title) => {
  expect(titleFrom(text)).toBe(title);
});
