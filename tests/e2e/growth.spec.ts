import { LONGEST, SHAPES } from "./bench/texts";
import { Meter, Replay } from "./replay";
import { expect, test } from "./test";

// A trace takes pictures and copies of the page: it would be most of the work.
test.use({ trace: "off" });

const SIZES = [LONGEST / 4, LONGEST / 2, LONGEST];
const MOST_PER_DOUBLING = 2.2;
/** Other work on the machine only ever adds: the least of so many runs counts. */
const TRIES = 6;

const ratios = (seconds: readonly number[]): number[] =>
  seconds.slice(1).map((value, index) => value / (seconds[index] ?? Number.NaN));

for (const [kind, text] of Object.entries(SHAPES))
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
