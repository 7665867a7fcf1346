import type { Page } from "@playwright/test";
import { expect, test } from "./test";

const WORDS = "Some words that make a paragraph of a few lines, with `code` among them. ".repeat(6);
const turns = (count: number) =>
  Array.from({ length: count }, (_, n) => [`Question ${n}`, `Answer ${n}. ${WORDS}`]).flat();

/** The first row that reaches into the view, and how far above the view it begins. */
const place = (page: Page) =>
  page.evaluate(() => {
    const list = document.querySelector("ol[aria-label='Messages']");
    const top = list?.parentElement?.getBoundingClientRect().top ?? 0;
    const row = [...(list?.querySelectorAll<HTMLElement>("[data-message]") ?? [])].find(
      (one) => one.getBoundingClientRect().bottom > top,
    );
    return row && { id: row.dataset.message, above: top - row.getBoundingClientRect().top };
  });

for (const count of [60, 300]) {
  const isShort = count < 150;
  test(`reload and back lead to where the reader was, in a chat of ${count} turns`, async ({
    api,
    chat,
    page,
  }) => {
    const other = await api.newChat("demo", "Another chat");
    const chatId = await api.chatOf(turns(count), "A long chat");
    await chat.open(chatId);
    await expect(chat.questions.last()).toBeInViewport();
    await page.mouse.move(700, 400);
    await expect
      .poll(
        async () => {
          await page.mouse.wheel(0, -437);
          return page.getByText(`Question ${count - 25}`, { exact: true }).isVisible();
        },
        { intervals: [50], timeout: 40_000 },
      )
      .toBe(true);
    const isAtRest = async () => {
      const before = await place(page);
      await page.waitForTimeout(100);
      return JSON.stringify(before) === JSON.stringify(await place(page));
    };
    await expect.poll(isAtRest).toBe(true);
    const was = await place(page);
    const moved = async () => {
      const is = await place(page);
      return is?.id === was?.id ? Math.abs(Number(is?.above) - Number(was?.above)) : is?.id;
    };
    const expectPlace = async () => {
      // All of a short chat comes into the document.
      if (isShort) await expect(page.locator("li[data-message]")).toHaveCount(2 * count);
      await expect.poll(isAtRest).toBe(true);
      await expect.poll(moved).toBeLessThanOrEqual(1);
    };

    await page.reload();
    await expectPlace();
    await chat.row("Another chat").click();
    await expect(page).toHaveURL(new RegExp(other));
    await expect(chat.questions).toHaveCount(0);
    await page.goBack();
    await expectPlace();
    await page.goForward();
    await expect(chat.questions).toHaveCount(0);
    await chat.row("A long chat").click();
    await expect(chat.questions.last()).toBeInViewport();
    await expect(chat.questions.last()).toContainText(`Question ${count - 1}`);
  });
}
