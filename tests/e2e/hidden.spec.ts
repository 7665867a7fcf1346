import type { Page } from "@playwright/test";
import { Meter, Replay } from "./replay";
import { expect, test } from "./test";
import { watchRenders } from "./watch-renders";

test.use({ trace: "off" });

const DELTAS = 10_000;
const TEXT = Array.from({ length: DELTAS }, (_, n) => `w${n} `)
  .map((word, n) => (n % 50 === 49 ? `${word}\n\n` : word))
  .join("");

/** As the browser does it for a tab that nobody sees: it says so, and gives no frames. */
const turn = (page: Page, isHidden: boolean) =>
  page.evaluate((hidden) => {
    const frames = window as unknown as { native?: typeof requestAnimationFrame };
    frames.native ??= window.requestAnimationFrame.bind(window);
    window.requestAnimationFrame = hidden ? () => 0 : frames.native;
    Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
    Object.defineProperty(document, "visibilityState", {
      configurable: true,
      get: () => (hidden ? "hidden" : "visible"),
    });
    document.dispatchEvent(new Event("visibilitychange"));
  }, isHidden);

test("a hidden page takes in ten thousand deltas, tells of the end, and paints once on return", async ({
  api,
  chat,
  page,
}) => {
  test.setTimeout(120_000);
  const renders = await watchRenders(page);
  const replay = await Replay.begin({ api, chat });
  const meter = await Meter.of(page);
  await turn(page, true);
  await renders.forget();
  const before = await meter.kept();
  await replay.play(TEXT, { step: Math.ceil(TEXT.length / DELTAS), every: 0 });
  // A line that says it still waits may come; text may not.
  expect((await renders.commits()).flatMap(({ parts }) => parts)).toEqual([]);
  await expect(chat.answer).not.toContainText("w0");
  const after = await meter.kept();
  expect(after.nodes - before.nodes).toBeLessThan(100);
  expect(after.bytes - before.bytes).toBeLessThan(4_000_000);

  await replay.finish(TEXT);
  await expect.poll(() => page.title()).toMatch(/^\(1\) /);
  await turn(page, false);
  await expect(chat.answer).toContainText(`w${DELTAS - 1}`);
  expect(await page.title()).not.toMatch(/^\(1\) /);
  const words = await chat.answer.locator("p").allTextContents();
  expect(words.join(" ").match(/w\d+/g)).toHaveLength(DELTAS);
});
