import { expect, test } from "vitest";
import { type Figure, percentile, tableOf, verdictOn } from "../../e2e/bench/figures";

const figure = (changes: Partial<Figure>): Figure => ({
  name: "paste",
  unit: "ms",
  most: 500,
  tries: [900, 480, 700],
  calibration: [100, 110, 105],
  ...changes,
});

test("the best try counts, and only on a quiet machine", () => {
  expect(verdictOn(figure({}))).toBe("ok");
  expect(verdictOn(figure({ tries: [900, 501] }))).toBe("short");
  expect(verdictOn(figure({ calibration: [100, 121] }))).toBe("too noisy");
  expect(verdictOn(figure({ tries: [900], calibration: [100, 121] }))).toBe("too noisy");
  expect(verdictOn(figure({ most: undefined }))).toBe("");
});

test("what could not be measured is not good", () => {
  expect(verdictOn(figure({ tries: [] }))).toBe("short");
  expect(verdictOn(figure({ tries: [Number.NaN] }))).toBe("short");
  expect(percentile([], 0.95)).toBeNaN();
});

test("one of twenty may be slower than the 95th percentile", () => {
  const values = Array.from({ length: 20 }, (_, n) => n + 1);
  expect(percentile(values, 0.95)).toBe(19);
});

test("the table says what each figure must be", () => {
  expect(tableOf([figure({})])).toContain("| paste | ≤ 500 ms | 480 ms | ok |");
});
