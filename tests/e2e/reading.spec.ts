import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { counts, finish, says, script } from "./provider";
import { type Api, expect, test } from "./test";
import { restingTop } from "./watch";

const LINES = 80;
/** A long answer, a paragraph a line, so many a second. */
const lines = (perSecond: number) => [
  ...Array.from({ length: LINES }, (_, n) => [
    says(`Line ${n + 1}.\n\n`),
    { delay: 1 / perSecond },
  ]).flat(),
  ...finish(),
];

async function fill(api: Api, chatId: string, turns: number): Promise<void> {
  for (let turn = 1; turn <= turns; turn++)
    await api.call("POST", `/api/chats/${chatId}/messages/`, { content: `Question ${turn}` });
  await api.expectSettled(chatId);
}

/** How far the transcript's end lies below what is seen, in pixels. */
const belowTheFold = (page: Page) =>
  page.getByRole("list", { name: "Messages" }).evaluate((list) => {
    let box: Element | null = list;
    while (box && !/auto|scroll/.test(getComputedStyle(box).overflowY)) box = box.parentElement;
    return box ? box.scrollHeight - box.scrollTop - box.clientHeight : Number.NaN;
  });

test("a chat of 100 messages opens at its end, and older ones come on the way up", async ({
  api,
  chat,
  page,
}) => {
  const model = await script([says("An answer.\n\nOf two paragraphs."), ...finish()]);
  const chatId = await api.newChat(model);
  await fill(api, chatId, 50);
  await chat.open(chatId);
  await expect(chat.questions.last()).toHaveText(/Question 50/);
  await expect(chat.answer).toBeInViewport();
  await expect.poll(() => belowTheFold(page)).toBeLessThan(64);

  await chat.answer.hover();
  await expect
    .poll(async () => {
      await page.mouse.wheel(0, -2_000);
      return page.getByText("Question 1", { exact: true }).isVisible();
    })
    .toBe(true);
  await expect(chat.questions).not.toHaveCount(0);
});

test("the end of a long answer stays in view for who is there", async ({ api, chat, page }) => {
  const model = await script(lines(40));
  await chat.open(await api.newChat(model));
  await chat.send("Write");
  await expect(chat.answer).toContainText("Line 5.");
  const latest = page.getByRole("button", { name: "Go to the latest message" });
  await expect(chat.answer).toContainText("Line 40.");
  if (await latest.isVisible()) await latest.click();
  for (const line of [50, 60, 70, LINES]) {
    await expect(chat.answer).toContainText(`Line ${line}.`);
    await expect.poll(() => belowTheFold(page)).toBeLessThan(64);
  }
  await chat.expectSettled();
  await expect(chat.answer.getByText(`Line ${LINES}.`)).toBeInViewport();
});

test("a reader who has scrolled up is not moved by what comes", async ({ api, chat, page }) => {
  const model = await script([says("An answer."), ...finish()], { times: 15 });
  await script(lines(20), { model });
  const chatId = await api.newChat(model);
  await fill(api, chatId, 15);
  await chat.open(chatId);
  await chat.send("Write");
  await expect(chat.answer).toContainText("Line 5.");
  const landmark = page.getByText("Question 9", { exact: true });
  await chat.answer.hover();
  await expect
    .poll(async () => {
      await page.mouse.wheel(0, -300);
      return landmark.isVisible().then(async (there) => there && (await inView(landmark)));
    })
    .toBe(true);
  await restingTop(landmark);
  const worst = await landmark.evaluate(
    (element, end) =>
      new Promise<number>((resolve) => {
        const start = element.getBoundingClientRect().top;
        let moved = 0;
        const look = () => {
          moved = Math.max(moved, Math.abs(element.getBoundingClientRect().top - start));
          const answers = document.querySelectorAll("article[aria-busy]");
          const isDone = answers[answers.length - 1]?.textContent?.includes(end);
          if (isDone) resolve(moved);
          else requestAnimationFrame(look);
        };
        look();
      }),
    `Line ${LINES - 20}.`,
  );
  expect(worst).toBeLessThanOrEqual(1);
  await page.getByRole("button", { name: "Go to the latest message" }).click();
  await chat.expectSettled();
  await expect.poll(() => belowTheFold(page)).toBeLessThan(64);
});

test("what is selected stays selected while the answer grows", async ({ api, chat, page }) => {
  const words = Array.from({ length: 60 }, (_, n) => [says(`w${n + 1} `), { delay: 0.05 }]).flat();
  const model = await script([
    says("This is **settled** text.\n\nGrowing "),
    ...words,
    ...finish(),
  ]);
  const chatId = await api.newChat(model);
  await chat.open(chatId);
  await chat.send("Write");
  const selected = () => page.evaluate(() => `${document.getSelection()}`);
  const select = (text: string) =>
    chat.answer.locator("p", { hasText: text }).evaluate((paragraph) => {
      document.getSelection()?.selectAllChildren(paragraph);
    });

  await select("settled");
  await expect(chat.answer).toContainText("w5 ");
  expect(await selected()).toBe("This is settled text.");

  await select("Growing");
  const held = await selected();
  expect(held).toMatch(/^Growing .*w5/);
  await expect.poll(async () => (await api.messages(chatId))[1]?.content).toContain("w40 ");
  expect(await selected()).toBe(held);
  await page.evaluate(() => document.getSelection()?.removeAllRanges());
  await expect(chat.answer).toContainText("w60");
});

test("an answer is announced at its start and its end, not at every token", async ({
  api,
  chat,
  page,
}) => {
  const model = await script(counts(60, 30));
  await chat.open(await api.newChat(model));
  await page.evaluate(() => {
    const said: string[] = [];
    Object.assign(window, { said });
    for (const region of document.querySelectorAll(
      "[aria-live], [role=status], [role=alert], [role=log]",
    ))
      if (region.getAttribute("aria-live") !== "off")
        new MutationObserver(() => {
          const text = region.textContent ?? "";
          if (text) said.push(text);
        }).observe(region, { childList: true, subtree: true, characterData: true });
  });
  await chat.send("Count");
  await chat.expectSettled();
  const said = () => page.evaluate(() => (window as unknown as { said: string[] }).said);
  await expect.poll(said).toContainEqual(expect.stringContaining("Answer ready, 60 words"));
  expect((await said())[0]).toBe("Answering");
  expect((await said()).length).toBeLessThanOrEqual(4);
  await expect(page.getByRole("list", { name: "Messages" })).toHaveAttribute("aria-live", "off");
});

const inView = (place: import("@playwright/test").Locator) =>
  place.evaluate((element) => {
    const { top, bottom } = element.getBoundingClientRect();
    return top > 60 && bottom < window.innerHeight - 200;
  });

test("mathematics is set under the page's policy, and money stays text", async ({
  api,
  chat,
  page,
}) => {
  const text =
    "It costs $5 now and $10 later. Let $x^2 + y_i$ be\n\n$$\n\\frac{a}{b} = \\sum_{i=1}^n i\n- c\n$$\n\nand \\(z\\), but \\(\\nonsense{\\) is none.\n";
  const model = await script([says(text), ...finish()]);
  await chat.open(await api.newChat(model));
  await chat.send("Explain");
  await expect(chat.answer.locator(".katex")).toHaveCount(3);
  await expect(chat.answer).toContainText("It costs $5 now and $10 later.");
  await expect(chat.answer).toContainText("\\(\\nonsense{\\)");
  await page.reload();
  await expect(chat.answer.locator(".katex-display")).toHaveCount(1);
  const fonts = () => page.evaluate(() => document.fonts.check("16px KaTeX_Math"));
  await expect.poll(fonts).toBe(true);
});

test("a chat is saved as a Markdown file", async ({ api, chat, page }) => {
  const model = await script([says("An **answer**."), ...finish()]);
  await chat.open(await api.newChat(model));
  await chat.send("Write");
  await expect(chat.answer).toContainText("An answer.");
  await page.getByRole("button", { name: /^Actions for/ }).click();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("menuitem", { name: "Save as Markdown" }).click(),
  ]);
  expect(download.suggestedFilename()).toMatch(/\.md$/);
  expect(await readFile(await download.path(), "utf8")).toContain(
    "## You\n\nWrite\n\n## Answer by",
  );
});

test("the head of a long code block stays above its code", async ({ api, chat, page }) => {
  const code = Array.from({ length: 200 }, (_, n) => `const line_${n} = ${n};`).join("\n");
  const model = await script([says(`\`\`\`js\n${code}\n\`\`\`\n`), ...finish()]);
  await chat.open(await api.newChat(model));
  await chat.send("Write");
  await chat.expectSettled();
  await chat.answer.hover();
  await page.mouse.wheel(0, 600);
  const head = chat.answer.getByText("js", { exact: true });
  const isOnTop = () =>
    head.evaluate((element) => {
      const { left, top, height } = element.getBoundingClientRect();
      const code = element.closest("div")?.nextElementSibling?.getBoundingClientRect();
      const isScrolled = (code?.top ?? 0) < top - height;
      return isScrolled && document.elementFromPoint(left + 2, top + height / 2) === element;
    });
  await expect.poll(isOnTop).toBe(true);
});
