import { expect, type Page } from "@playwright/test";
import { percentile } from "./figures";

declare global {
  interface Window {
    felt: { keys: number[]; tasks: number[]; gaps: number[]; empty: number; paste?: number };
    /** Passes once the last article shows this text in the view, and has been painted. */
    untilShown: (text: string) => Promise<number>;
  }
}

/** Lets the page note what people feel; before it is opened. */
export const prepare = (page: Page) =>
  page.addInitScript(() => {
    window.felt = { keys: [], tasks: [], gaps: [], empty: 0 };
    window.untilShown = (text) =>
      new Promise((resolve) => {
        const look = () => {
          const last = [...document.querySelectorAll("article")].at(-1);
          const { top = 0, bottom = 0 } = last?.getBoundingClientRect() ?? {};
          const isShown = last?.textContent?.includes(text) && bottom > 0 && top < innerHeight;
          // A task that a frame has asked for comes after its paint.
          if (isShown) setTimeout(() => resolve(performance.now()));
          else requestAnimationFrame(look);
        };
        look();
      });
    window.addEventListener(
      "keydown",
      ({ timeStamp, key }) => {
        if (key !== "v") return;
        requestAnimationFrame(() =>
          requestAnimationFrame(() =>
            setTimeout(() => {
              window.felt.paste = performance.now() - timeStamp;
            }),
          ),
        );
      },
      { capture: true },
    );
    new PerformanceObserver((list) => {
      for (const { name, duration } of list.getEntries())
        if (name === "keydown") window.felt.keys.push(duration);
    }).observe({ type: "event", durationThreshold: 16 } as PerformanceObserverInit);
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) window.felt.tasks.push(duration);
    }).observe({ type: "longtask" });
  });

const KEYS = "The quick brown fox jumps over the lazy dog, and then again.";
const BETWEEN_KEYS = 130;

/** Types as a person does while the answer grows: ms from key to paint (95 of 100 are faster), the longest task, seconds. */
export async function typing(page: Page, play: () => Promise<void>): Promise<number[]> {
  const box = page.locator("textarea");
  await box.fill("");
  await box.focus();
  await page.evaluate(() => {
    window.felt.keys = [];
    window.felt.tasks = [];
  });
  const begun = Date.now();
  const playing = play().then(() => (Date.now() - begun) / 1_000);
  await page.keyboard.type(KEYS, { delay: BETWEEN_KEYS });
  const { keys, tasks } = await page.evaluate(async () => {
    // The browser hands its entries over when it has time.
    await new Promise((resolve) => requestIdleCallback(resolve, { timeout: 1_000 }));
    if (document.hidden) throw new Error("What is hidden does not paint.");
    return window.felt;
  });
  const seconds = await playing;
  await expect(box).toHaveValue(KEYS);
  // What is faster than a frame has no entry.
  const unseen = new Array<number>(Math.max(0, KEYS.length - keys.length)).fill(16);
  return [percentile([...keys, ...unseen], 0.95), Math.max(0, ...tasks), seconds];
}

const TURNS_OF_THE_WHEEL = 60;
const WHEEL = 300;

/** Turns the wheel, 6,000 px a second: ms between frames (95 of 100 are closer), and how many showed no message. */
export async function scrolling(page: Page, by: 1 | -1): Promise<[number, number]> {
  await page.mouse.move(700, 300);
  await followFrames(page);
  for (let turn = 0; turn < TURNS_OF_THE_WHEEL; turn++) {
    const next = page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 50)));
    await page.mouse.wheel(0, by * WHEEL);
    await next;
  }
  const { gaps, empty } = await page.evaluate(() => window.felt);
  return [percentile(gaps, 0.95), empty];
}

/** Notes how far frames are apart, and those that show no message at all, until the next call. */
export const followFrames = (page: Page) =>
  page.evaluate(() => {
    const felt = { ...window.felt, gaps: [] as number[], empty: 0 };
    window.felt = felt;
    const heights = [0.2, 0.4, 0.6];
    const isEmpty = () =>
      !heights.some((share) =>
        document.elementFromPoint(innerWidth / 2, innerHeight * share)?.closest("li, article"),
      );
    let before = performance.now();
    const follow = () => {
      if (window.felt !== felt) return;
      const now = performance.now();
      felt.gaps.push(now - before);
      before = now;
      // After the frame: within it, what has been observed is not yet put right.
      setTimeout(() => {
        if (isEmpty()) felt.empty++;
      });
      requestAnimationFrame(follow);
    };
    requestAnimationFrame(follow);
  });

/** Pastes the clipboard into the box, which is empty: ms from the key to the paint. */
export async function pasting(page: Page, isPasted: () => Promise<void>): Promise<number> {
  await page.locator("textarea").focus();
  await page.keyboard.press("Control+v");
  const taken = await page.waitForFunction(() => window.felt.paste);
  await isPasted();
  return Number(await taken.jsonValue());
}
