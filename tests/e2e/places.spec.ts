import type { Page } from "@playwright/test";
import { expect, test } from "./test";
import { restingTop } from "./watch";

const WORDS = "Some words that make a paragraph of a few lines, with `code` among them. ".repeat(6);
const turns = (count: number) =>
  Array.from({ length: count }, (_, n) => [`Question ${n}`, `Answer ${n}. ${WORDS}`]).flat();

/** The message whose row is the first one that reaches into the view. */
const read = (page: Page) =>
  page.evaluate(() => {
    const rows = [...document.querySelectorAll<HTMLElement>("li[data-message]")];
    const top = rows[0]?.closest("[data-region]")?.getBoundingClientRect().top ?? 0;
    return rows.find((row) => row.getBoundingClientRect().bottom > top)?.dataset.message;
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
    await restingTop(chat.questions.last());
    const row = page.locator(`[data-message="${await read(page)}"]`);
    const top = await restingTop(row);
    const expectPlace = async () => {
      // All of a short chat comes into the document.
      if (isShort) await expect(page.locator("li[data-message]")).toHaveCount(2 * count);
      expect(Math.abs((await restingTop(row)) - top)).toBeLessThanOrEqual(1);
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
