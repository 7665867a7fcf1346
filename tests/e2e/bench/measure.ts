import type { Page } from "@playwright/test";
import { Meter } from "../replay";
import { test as base } from "../test";
import type { Figure } from "./figures";

const TRIES = Number(process.env.TRIES ?? 5);

/** The page's main thread gets a quarter of the processor. */
export async function slow(page: Page): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: 4 });
}

type Wanted = Pick<Figure, "name" | "unit" | "most">;

interface Options {
  /** How many tries count at most; one more goes before them, unless there is only one. */
  tries?: number;
  /** Which time the figures are of: that on the wall, or what the thread has computed. */
  clock?: "wall" | "thread";
}

/** Takes the same figures again and again, with a calibration around each try, and hands them to the report. */
type Measure = (
  wanted: readonly Wanted[],
  take: () => Promise<readonly number[]>,
  options?: Options,
) => Promise<void>;

export const test = base.extend<{ measure: Measure }>({
  measure: async ({ browser }, use) => {
    // In a window of its own: beside another tab the measured page would be hidden, and not paint.
    const context = await browser.newContext();
    const calibration = await Calibration.in(await context.newPage());
    await use(async (wanted, take, { tries = TRIES, clock = "wall" } = {}) => {
      const count = Math.min(tries, TRIES);
      const values: (readonly number[])[] = [];
      if (count > 1) await take();
      const spent = [await calibration.run()];
      for (let n = 0; n < count; n++) {
        values.push(await take());
        spent.push(await calibration.run());
      }
      const figures: Figure[] = wanted.map((figure, index) => ({
        ...figure,
        tries: values.map((tried) => tried[index] ?? Number.NaN),
        calibration: spent.map((one) => one[clock]),
      }));
      for (const figure of figures) await report(figure);
    });
    await context.close();
  },
});

export async function report(figure: Figure): Promise<void> {
  const body = Buffer.from(JSON.stringify(figure));
  await test.info().attach("figure", { body, contentType: "application/json" });
}

/** A page beside the measured one that does the same small work each time, slowed as that is. */
class Calibration {
  readonly #page: Page;
  readonly #meter: Meter;

  private constructor(page: Page, meter: Meter) {
    this.#page = page;
    this.#meter = meter;
  }

  static async in(page: Page): Promise<Calibration> {
    await slow(page);
    const calibration = new Calibration(page, await Meter.of(page));
    await calibration.run();
    return calibration;
  }

  /** Milliseconds that script and layout have taken, and those that the thread has computed. */
  async run(): Promise<{ wall: number; thread: number }> {
    const begun = await this.#meter.seconds();
    const wall = await this.#page.evaluate(() => {
      const start = performance.now();
      let sum = 0;
      for (let n = 0; n < 4_000_000; n++) sum += Math.sqrt(n + (sum % 7));
      const place = document.body.appendChild(document.createElement("div"));
      for (let n = 0; n < 400; n++)
        place.append(`Word ${sum} and others `, document.createElement("p"));
      for (let width = 300; width < 320; width++) {
        place.style.width = `${width}px`;
        place.getBoundingClientRect();
      }
      place.remove();
      return performance.now() - start;
    });
    return { wall, thread: ((await this.#meter.seconds()) - begun) * 1_000 };
  }
}
