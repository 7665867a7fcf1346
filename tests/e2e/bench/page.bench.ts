import { deliverText, Meter, Replay } from "../replay";
import { expect } from "../test";
import { pasting, prepare, scrolling, typing } from "./feel";
import { report, slow, test } from "./measure";
import { servePlain } from "./plain-page";
import { ANSWER, LONGEST, SHAPES, TURNS } from "./texts";

test.use({ trace: "off", permissions: ["clipboard-read", "clipboard-write"] });
test.describe.configure({ timeout: 40 * 60_000 });

const MINUTES = Number(process.env.MINUTES ?? 10);
/** A hundred tokens a second. */
const PACE = { step: 4, every: 10 };
const FIRST = 40;
const LAST = "The end of answer 1000.";
const LONG = "A chat of 2,000 messages";
const PASTED = "A line of some words, as in a log.\n".repeat(30_000);

const ratiosOf = ([a, b, c]: readonly number[]) => [Number(b) / Number(a), Number(c) / Number(b)];

for (const [kind, text] of Object.entries(SHAPES)) {
  const sizes = [LONGEST / 4, LONGEST / 2, LONGEST];

  test(`shape: ${kind}`, async ({ api, chat, measure, page }) => {
    await slow(page);
    const wanted = [5, 10, 20].map((thousand) => `${kind}, ${thousand},000 tokens`);
    await measure(
      [
        ...wanted.map((name) => ({ name, unit: "s" })),
        { name: `${kind}, more per doubling at worst`, unit: "×", most: 2.2 },
      ],
      async () => {
        const replay = await Replay.begin({ api, chat });
        const spent = await spentOn(await Meter.of(page), sizes, (from, to) =>
          replay.play(text.slice(from, to), { step: 320 }),
        );
        return [...spent, Math.max(...ratiosOf(spent))];
      },
      { clock: "thread" },
    );
  });

  test(`shape of react-markdown: ${kind}`, async ({ measure, page }) => {
    await slow(page);
    const address = await servePlain(page, []);
    const wanted = [5, 10, 20].map((thousand) => `plain: ${kind}, ${thousand},000 tokens`);
    await measure(
      wanted.map((name) => ({ name, unit: "s" })),
      async () => {
        await page.goto(address);
        await expect(page.locator("article")).toHaveCount(1);
        return spentOn(await Meter.of(page), sizes, (from, to) =>
          deliverText(
            page,
            { id: "", rev: 1, at: from, text: text.slice(from, to) },
            { step: 320 },
          ),
        );
      },
      // Minutes each.
      { clock: "thread", tries: 1 },
    );
  });
}

/** Seconds of the main thread until the answer has each of these lengths. */
async function spentOn(
  meter: Meter,
  sizes: readonly number[],
  play: (from: number, to: number) => Promise<void>,
): Promise<number[]> {
  const begun = await meter.seconds();
  const spent: number[] = [];
  for (const [index, size] of sizes.entries()) {
    await play(sizes[index - 1] ?? 0, size);
    spent.push((await meter.seconds()) - begun);
  }
  return spent;
}

test("a long chat is opened", async ({ api, browser, chat, measure, page }) => {
  const chatId = await api.chatOf(TURNS, LONG);
  const other = await api.newChat("demo", "Another chat");
  await slow(page);
  await prepare(page);
  await measure([{ name: "opened inside the app", unit: "ms", most: 1_500 }], async () => {
    await chat.open(other);
    await expect(chat.row(LONG)).toBeVisible();
    await page.waitForLoadState("networkidle");
    const shown = page.evaluate(async (text) => {
      const stamp = await new Promise<number>((resolve) =>
        window.addEventListener("click", ({ timeStamp }) => resolve(timeStamp), { once: true }),
      );
      return (await window.untilShown(text)) - stamp;
    }, LAST);
    await chat.row(LONG).click();
    return [await shown];
  });

  const storageState = await page.context().storageState();
  await measure([{ name: "opened cold", unit: "ms", most: 3_000 }], async () => {
    const context = await browser.newContext({ storageState });
    const fresh = await context.newPage();
    await slow(fresh);
    await prepare(fresh);
    await fresh.goto(`${new URL(page.url()).origin}/chats/${chatId}`, { waitUntil: "commit" });
    const shown = await fresh.evaluate((text) => window.untilShown(text), LAST);
    await context.close();
    return [shown];
  });
});

test("a long chat of react-markdown is opened", async ({ measure, page }) => {
  const address = await servePlain(page, TURNS);
  await slow(page);
  await prepare(page);
  await measure(
    [{ name: "plain: opened cold", unit: "ms" }],
    async () => {
      await page.goto(address, { waitUntil: "commit" });
      // It opens at its beginning.
      return [
        await page.evaluate(async () => {
          while (!document.querySelector("article"))
            await new Promise((resolve) => requestAnimationFrame(resolve));
          await new Promise((resolve) => setTimeout(resolve));
          return performance.now();
        }),
      ];
    },
    { tries: 2 },
  );
});

const FELT = (prefix: string, isOurs: boolean) => {
  const most = (value: number) => (isOurs ? { most: value } : {});
  return {
    typing: [
      { name: `${prefix}key to paint while 100 tokens/s come, p95`, unit: "ms", ...most(64) },
      { name: `${prefix}longest task meanwhile`, unit: "ms", ...most(100) },
      { name: `${prefix}these 1,200 tokens took`, unit: "s" },
    ],
    scrolling: [
      { name: `${prefix}scrolling, between frames, p95`, unit: "ms", ...most(34) },
      { name: `${prefix}frames without a message`, unit: "frames", ...most(0) },
    ],
    pasting: [{ name: `${prefix}paste of 1 MB`, unit: "ms", ...most(500) }],
  };
};

test("a long chat is written in and read", async ({ api, chat, measure, page }) => {
  const figures = FELT("", true);
  const chatId = await api.chatOf(TURNS, LONG);
  await prepare(page);
  await slow(page);
  const replay = await Replay.begin({ api, chat }, chatId);
  await measure(figures.typing, async () => {
    // Another attempt, whose first words take the last one's place before anything is measured.
    replay.restart();
    await replay.play(ANSWER.slice(0, FIRST));
    return typing(page, () => replay.play(ANSWER.slice(FIRST), PACE));
  });
  await chat.open(chatId);
  await expect(chat.answer).toBeInViewport();
  await measure(figures.scrolling, () => scrolling(page, -1));
  await page.evaluate((text) => navigator.clipboard.writeText(text), PASTED);
  await measure(figures.pasting, async () => {
    await chat.open(await api.newChat("demo"));
    return [
      await pasting(page, () =>
        expect(page.getByRole("list", { name: "Long texts" })).toBeVisible(),
      ),
    ];
  });
});

test("a long chat of react-markdown is written in and read", async ({ measure, page }) => {
  const figures = FELT("plain: ", false);
  await prepare(page);
  await slow(page);
  const address = await servePlain(page, TURNS);
  const open = async () => {
    await page.goto(address);
    await expect(page.locator("article")).toHaveCount(TURNS.length + 1, { timeout: 60_000 });
  };
  await open();
  await measure(
    figures.typing,
    async () => {
      const growth = { id: "", rev: 1, at: 0, text: ANSWER };
      return typing(page, () => deliverText(page, growth, PACE));
    },
    { tries: 2 },
  );
  await open();
  await measure(figures.scrolling, () => scrolling(page, 1), { tries: 2 });
  await page.evaluate((text) => navigator.clipboard.writeText(text), PASTED);
  await measure(
    figures.pasting,
    async () => {
      await open();
      return [await pasting(page, () => expect(page.locator("textarea")).not.toBeEmpty())];
    },
    { tries: 2 },
  );
});

test("the first load", async ({ page, person: _ }) => {
  const sizes: Promise<number>[] = [];
  page.on("requestfinished", (request) => {
    sizes.push(request.sizes().then(({ responseBodySize }) => responseBodySize));
  });
  await page.goto("/");
  await expect(page.getByText("What would you like to know?")).toBeVisible();
  await page.waitForLoadState("networkidle");
  const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  await report({
    name: "first load",
    unit: "KiB",
    most: 250,
    tries: [bytes / 1024],
    calibration: [],
  });
});

test(`${MINUTES} minutes of streaming`, async ({ api, chat, page }) => {
  await slow(page);
  const replay = await Replay.begin({ api, chat });
  const meter = await Meter.of(page);
  const round = async () => {
    replay.restart();
    await replay.play(ANSWER, PACE);
    return meter.kept();
  };
  await round();
  const end = Date.now() + MINUTES * 60_000;
  const minuteOne = Date.now() + 60_000;
  let first = await round();
  while (Date.now() < minuteOne && MINUTES > 1) first = await round();
  let last = first;
  while (Date.now() < end) last = await round();
  const grown = (name: string, most: number, ratio: number) =>
    report({ name, unit: "×", most, tries: [ratio], calibration: [] });
  await grown(`elements after ${MINUTES} min, to the first`, 1.02, last.nodes / first.nodes);
  await grown(`memory after ${MINUTES} min, to the first`, 1.1, last.bytes / first.bytes);
});
