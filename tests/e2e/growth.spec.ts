import { Meter, Replay } from "./replay";
import { expect, test } from "./test";

// A trace takes pictures and copies of the page: it would be most of the work.
test.use({ trace: "off" });

const SIZES = [5_000, 10_000, 20_000].map((tokens) => tokens * 4);
const LONGEST = Math.max(...SIZES);
const MOST_PER_DOUBLING = 2.2;
/** Other work on the machine only ever adds: the least of so many runs counts. */
const TRIES = 6;

/** Words enough for the longest answer, with some marks among them. */
const WORDS = "Some **bold** words that go on, with `code` and a few *slanted* ones among them. ";
const grow = (piece: (n: number) => string, start = ""): string => {
  let text = start;
  for (let n = 1; text.length < LONGEST; n += 1) text += piece(n);
  return text;
};
const KINDS: Record<string, string> = {
  prose: grow((n) => `${WORDS.repeat(4)}And that was paragraph ${n}.\n\n`),
  "one fence": grow((n) => `value_${n} = compute(${n}, "text")  # a comment\n`, "```python\n"),
  "one list": grow((n) => `- Item ${n}: ${WORDS}\n`),
  "one table": grow((n) => `| Row ${n} | ${n * 7} | ${WORDS}|\n`, "| A | B | C |\n|---|---|---|\n"),
  "one paragraph": grow(() => WORDS),
};

const ratios = (seconds: readonly number[]): number[] =>
  seconds.slice(1).map((value, index) => value / (seconds[index] ?? Number.NaN));

for (const [kind, text] of Object.entries(KINDS))
  test(`twice the answer is twice the work: ${kind}`, async ({ api, chat }) => {
    test.setTimeout(240_000);
    let least = SIZES.map(() => Number.POSITIVE_INFINITY);
    for (let tries = 0; tries < TRIES; tries++) {
      const replay = await Replay.begin({ api, chat });
      const meter = await Meter.of(chat.page);
      const begun = await meter.seconds();
      const spent: number[] = [];
      for (const [index, size] of SIZES.entries()) {
        await replay.play(text.slice(SIZES[index - 1] ?? 0, size), { step: 320 });
        spent.push((await meter.seconds()) - begun);
      }
      least = least.map((seconds, index) => Math.min(seconds, spent[index] ?? seconds));
      if (Math.max(...ratios(least)) <= MOST_PER_DOUBLING) break;
    }
    const shown = await chat.answer.textContent();
    expect(shown?.length, "all of it has been painted").toBeGreaterThan(LONGEST * 0.8);
    expect(Math.max(...ratios(least)), `seconds: ${least.join(", ")}`).toBeLessThanOrEqual(
      MOST_PER_DOUBLING,
    );
  });

test("what takes more and more time per delta is found", async ({ page }) => {
  const meter = await Meter.of(page);
  const begun = await meter.seconds();
  const spent: number[] = [];
  for (const size of [40, 80, 160]) {
    // Each step works through all that came before, as a page does that reads its text anew.
    await page.evaluate((upTo) => {
      for (let step = upTo === 40 ? 0 : upTo / 2; step < upTo; step++)
        for (let n = 0, sum = 0; n < step * 30_000; n++) sum += Math.sqrt(n + sum);
    }, size);
    spent.push((await meter.seconds()) - begun);
  }
  expect(Math.min(...ratios(spent))).toBeGreaterThan(MOST_PER_DOUBLING);
});
