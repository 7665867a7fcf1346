import type { Locator } from "@playwright/test";
import type { ChatPage } from "./chat-page";
import { error, finish, reasons, says, script } from "./provider";
import { Replay } from "./replay";
import { expect, test } from "./test";
import { movedWhile, restingTop, watch } from "./watch";

declare global {
  interface Window {
    widths: Set<string>;
  }
}

const WORDS = Array.from({ length: 60 }, (_, n) => `Paragraph ${n} of some words.\n\n`);
const ANSWERS = [
  { steps: [...WORDS.map(says), ...finish()], end: /^Answer ready, 300 words$/ },
  { steps: [says("Half"), error("engine crashed")], end: /^The answer failed\./ },
  { steps: [says("On and on"), { hang: true } as const], end: /^Answer stopped$/, isStopped: true },
];

test("an answer that is whole, fails or is stopped is told in at most four announcements, and the focus stays", async ({
  api,
  chat,
  page,
}) => {
  const watched = await watch(page);
  let model: string | undefined;
  for (const { steps } of ANSWERS) model = await script(steps, { model, times: 1 });
  await chat.open(await api.newChat(model ?? ""));
  await expect(chat.box).toBeFocused();
  for (const [before, { end, isStopped }] of ANSWERS.entries()) {
    await watched.forget();
    await chat.send("Write");
    await expect(chat.answers).toHaveCount(before + 1);
    if (isStopped) {
      await expect(chat.answer).toContainText("On and on");
      await page.keyboard.press("Escape");
    }
    await expect.poll(async () => (await watched.heard()).said.at(-1)).toMatch(end);
    await chat.expectSettled();
    const { said, focused } = await watched.heard();
    expect(said[0]).toBe("Answering");
    expect(said.length, said.join(" | ")).toBeLessThanOrEqual(4);
    expect(focused).toEqual([]);
    await expect(chat.box).toBeFocused();
  }
});

test("one announcement too many, a stolen focus and a long task are found", async ({
  chat,
  page,
}) => {
  const watched = await watch(page);
  await chat.open();
  await watched.forget();
  await page.evaluate(async () => {
    const region = document.querySelector("[role=status]");
    for (const word of ["one", "two"]) {
      if (region) region.textContent = word;
      await new Promise(requestAnimationFrame);
    }
    document.querySelector("button")?.focus();
    const start = performance.now();
    while (performance.now() - start < 150);
  });
  await expect
    .poll(async () => Math.max(0, ...(await watched.heard()).tasks))
    .toBeGreaterThanOrEqual(150);
  const { said, focused } = await watched.heard();
  expect(said).toEqual(["one", "two"]);
  expect(focused).toHaveLength(1);
});

test("rows that grow above and below do not move what is read; a planted jump is found", async ({
  api,
  chat,
  page,
}) => {
  const long = WORDS.join("");
  const model = await script([says(`\`\`\`js\nlet a = 1\n\`\`\`\n\n${long}`), ...finish()]);
  const chatId = await api.newChat(model);
  for (let turn = 1; turn <= 2; turn++) {
    await api.call("POST", `/api/chats/${chatId}/messages/`, { content: `Question ${turn}` });
    await api.expectSettled(chatId);
  }
  const replay = await Replay.begin({ api, chat }, chatId);
  const row = chat.answers.nth(1).getByText("Paragraph 30 of");
  await chat.answer.hover();
  await page.mouse.wheel(0, -100);
  await row.evaluate((paragraph) => paragraph.scrollIntoView({ block: "center" }));
  await expect.poll(() => movedWhile(row, () => page.evaluate(() => 0))).toBe(0);

  expect(await movedWhile(row, () => replay.play(long))).toBeLessThanOrEqual(1);
  // As an image that opens, or thoughts that fold.
  const setSpace = (place: Locator, height: number) =>
    place.evaluate(async (answer, px) => {
      if (!answer.querySelector("[data-planted]")) {
        const block = document.createElement("div");
        block.dataset.planted = "";
        answer.prepend(block);
      }
      const block = answer.querySelector<HTMLElement>("[data-planted]");
      if (block) block.style.height = `${px}px`;
      for (let frame = 0; frame < 12; frame++) await new Promise(requestAnimationFrame);
    }, height);
  const places = [chat.answers.first(), chat.answers.nth(1)];
  for (const place of places)
    for (const height of [240, 0])
      expect(await movedWhile(row, () => setSpace(place, height))).toBeLessThanOrEqual(1);
  // In the frame of a scroll, too: the row moves by that one pixel, and not by the space.
  for (const place of places)
    for (const height of [240, 0]) {
      const scroll = () => row.evaluate((text) => text.closest("[data-region]")?.scrollBy(0, -1));
      const both = () => Promise.all([scroll(), setSpace(place, height)]);
      expect(await movedWhile(row, both)).toBeLessThan(2);
    }

  const jump = () =>
    row.evaluate((element) => {
      element.style.marginTop = "3px";
      return new Promise(requestAnimationFrame);
    });
  expect(await movedWhile(row, jump)).toBeGreaterThan(1);
});

const SUM = "\\displaystyle\\sum_{i=1}^n \\frac{a_i}{b_i}";
const each = (count: number, line: (n: number) => string, between = "\n") =>
  Array.from({ length: count }, (_, n) => line(n)).join(between);
const sumIn = (n: number) => (n < 20 ? ` $${SUM}$` : "");
const LATE = [
  `\`\`\`python\n${each(60, (n) => `def code_${n}(): return "${n}"`)}\n\`\`\``,
  each(20, () => `$$\n${SUM}\n$$`, "\n\n"),
];
/** Where one reads, below what grows late. */
const PLACES: Record<string, { text?: string; row: (chat: ChatPage) => Locator; above?: number }> =
  {
    "in a list": {
      text: each(60, (n) => `- Item ${n}${sumIn(n)}`),
      row: ({ answer }) => answer.getByText("Item 50"),
    },
    "in a list in a list": {
      text: `- Items\n${each(60, (n) => `  - Inner ${n}${sumIn(n)}`)}`,
      row: ({ answer }) => answer.getByText("Inner 50"),
    },
    "in a table": {
      text: `| Row | Sum |\n|---|---|\n${each(60, (n) => `| Cell ${n} |${sumIn(n)} |`)}`,
      row: ({ answer }) => answer.getByText("Cell 50"),
    },
    "in a quotation": {
      text: each(60, (n) => `> Quoted ${n}${sumIn(n)}`, "\n>\n"),
      row: ({ answer }) => answer.getByText("Quoted 50"),
    },
    "in code": { text: LATE[0], row: ({ answer }) => answer.locator("pre").last() },
    "in paragraphs": { row: ({ answer }) => answer.getByText("Paragraph 50 of") },
    "below the last text of an answer": { row: ({ questions }) => questions.last(), above: 24 },
  };

for (const [place, { text = "", row: find, above }] of Object.entries(PLACES))
  test(`code coloured and formulas set late do not move what is read ${place}`, async ({
    api,
    chat,
    page,
  }) => {
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    await page.route(/(katex|highlighter|python)-[^/]*\.js/, async (route) => {
      await opened;
      await route.continue();
    });
    const answer = [...LATE, text, WORDS.join("")].join("\n\n");
    await chat.open(await api.chatOf(["One?", answer, "Two?", answer]));
    await expect(chat.answers).toHaveCount(2);
    const row = find(chat);
    await chat.answer.hover();
    await page.mouse.wheel(0, -100);
    await row.evaluate((element, px) => {
      element.scrollIntoView({ block: px ? "start" : "center" });
      if (px) element.closest("[data-region]")?.scrollBy(0, -px);
    }, above);
    await restingTop(row);
    const heightOf = (turn: Locator) => turn.evaluate((element) => element.clientHeight);
    const before = await heightOf(chat.answer);
    const moved = await movedWhile(row, async () => {
      open();
      for (const turn of await chat.answers.all()) {
        await expect(turn.locator(".katex").last()).toBeAttached();
        await expect(turn.locator(".hljs-keyword").last()).toBeAttached();
      }
      await restingTop(row);
    });
    expect(await heightOf(chat.answer)).toBeGreaterThan(before + 200);
    expect(moved).toBeLessThanOrEqual(1);
  });

test("thoughts that open or grow above do not move what is read", async ({ api, chat, page }) => {
  const thoughts = each(40, (n) => `Thought ${n}.`);
  const long = WORDS.join("");
  const chatId = await api.newChat(await script([reasons(thoughts), says(long), ...finish()]));
  for (const content of ["One", "Two"]) {
    await api.call("POST", `/api/chats/${chatId}/messages/`, { content });
    await api.expectSettled(chatId);
  }
  const replay = await Replay.begin({ api, chat }, chatId);
  await replay.think(["First of all. "]);
  await replay.play(long);
  const row = chat.answer.getByText("Paragraph 20 of");
  const toggle = (answer: Locator) =>
    answer.locator("summary").evaluate(async (summary) => {
      (summary as HTMLElement).click();
      for (let frame = 0; frame < 12; frame++) await new Promise(requestAnimationFrame);
    });
  await chat.answer.hover();
  await page.mouse.wheel(0, -100);
  for (const seen of [chat.answers.nth(1).getByText("Paragraph 20 of"), row]) {
    await seen.evaluate((text) => text.scrollIntoView({ block: "center" }));
    await restingTop(seen);
    for (const answer of [chat.answers.first(), chat.answers.nth(1)])
      for (let times = 0; times < 2; times++)
        expect(await movedWhile(seen, () => toggle(answer))).toBeLessThanOrEqual(1);
  }
  await toggle(chat.answer);
  const height = () => chat.answer.locator("details").evaluate((box) => box.clientHeight);
  const before = await height();
  const more = thoughts.split("\n").map((line) => `${line}\n`);
  expect(await movedWhile(row, () => replay.think(more))).toBeLessThanOrEqual(1);
  expect(await height()).toBeGreaterThan(before + 500);

  // What is opened where one looks opens below, though its turn begins above the view.
  const summary = chat.answers.first().locator("summary");
  await summary.evaluate((button) => {
    button.scrollIntoView({ block: "start" });
    button.closest("[data-region]")?.scrollBy(0, 8);
  });
  await restingTop(summary);
  expect(await movedWhile(summary, () => toggle(chat.answers.first()))).toBeLessThanOrEqual(1);
});

test("the columns of a table keep their widths while its rows come, and new widths are found (F19)", async ({
  api,
  chat,
  page,
}) => {
  const cells = ["a", "a few words", "https://example.com/a/long/link?with=a&query=too", "1,000"];
  const line = (n: number) => `| ${cells.map((_, at) => cells[(at + n) % 4]).join(" | ")} |`;
  const table = `| Short | Longer head | Link | Count |\n|---|---|---|---:|\n${each(120, line)}\n\nEnd.`;
  const replay = await Replay.begin({ api, chat });
  await page.evaluate(() => {
    window.widths = new Set();
    const look = () => {
      for (const row of document.querySelectorAll("[aria-busy=true] tr"))
        window.widths.add(
          [...row.children].map((cell) => cell.getBoundingClientRect().width.toFixed(1)).join(),
        );
      requestAnimationFrame(look);
    };
    look();
  });
  await replay.play(table, { step: 24 });
  await expect(chat.answer).toContainText("End.");
  const widths = () => page.evaluate(() => [...window.widths]);
  expect(await widths()).toHaveLength(1);
  const head = chat.answer.locator("th").first();
  await head.evaluate((cell) => {
    cell.style.width = "20rem";
  });
  await expect.poll(async () => (await widths()).length).toBeGreaterThan(1);
});
