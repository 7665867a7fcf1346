import type { Page } from "@playwright/test";
import type { ChatPage } from "./chat-page";
import { expect, test } from "./test";
import { movedWhile } from "./watch";

/** So many turns; one in ten answers is long. */
const turns = (count: number) =>
  Array.from({ length: count }, (_, index) => [
    `Question ${index + 1}`,
    `Answer ${index + 1}.${index % 10 === 0 ? "\n\nA paragraph of some length, which takes place.".repeat(12) : ""}`,
  ]).flat();

const rows = (page: Page) => page.getByRole("list", { name: "Messages" }).locator("> li");
const question = (chat: ChatPage, number: number) =>
  chat.questions.filter({ has: chat.page.getByText(`Question ${number}`, { exact: true }) });
const wheel = async (chat: ChatPage, by: number, until: () => Promise<boolean>) => {
  await chat.page.mouse.move(700, 400);
  await expect
    .poll(
      async () => {
        await chat.page.mouse.wheel(0, by);
        return until();
      },
      { intervals: [50], timeout: 40_000 },
    )
    .toBe(true);
};
/** The first message that begins in the view, in the next frame: what the wheel did last is then in the document. */
const rowUnderEye = (page: Page) =>
  page.evaluate(
    () =>
      new Promise<string | undefined>((resolve) =>
        requestAnimationFrame(() => {
          const top = document.querySelector("ol")?.parentElement?.getBoundingClientRect().top ?? 0;
          const rows = [...document.querySelectorAll<HTMLElement>("li[data-message]")];
          resolve(rows.find((row) => row.getBoundingClientRect().top > top)?.dataset.message);
        }),
      ),
  );

test("all rows of a chat of 300 messages come into the document by themselves", async ({
  api,
  chat,
  page,
}) => {
  test.slow();
  await chat.open(await api.chatOf(turns(150)));
  await expect(rows(page)).toHaveCount(300, { timeout: 60_000 });
  await expect(question(chat, 150)).toBeInViewport();
  expect(await rows(page).first().getAttribute("aria-setsize")).toBeNull();
  // As the browser's own "find" would: from anywhere, round the end.
  const isFound = () =>
    (window as unknown as { find: (...how: unknown[]) => boolean }).find(
      "Question 7",
      false,
      false,
      true,
    );
  expect(await page.evaluate(isFound)).toBe(true);
});

test("a longer chat mounts what is around the view and says which rows these are", async ({
  api,
  chat,
  page,
}) => {
  await chat.open(await api.chatOf(turns(300)));
  await expect(question(chat, 300)).toBeInViewport();
  const last = rows(page).last();
  await expect(last).toHaveAttribute("aria-setsize", "600");
  await expect(last).toHaveAttribute("aria-posinset", "600");
  expect(await rows(page).count()).toBeLessThan(60);
  await wheel(chat, -600, () => question(chat, 200).isVisible());
  await expect(question(chat, 200).locator("xpath=..").locator("xpath=..")).toHaveAttribute(
    "aria-posinset",
    "399",
  );
  expect(await rows(page).count()).toBeLessThan(60);
});

test("rows that hold the focus, an open menu or an end of the selection stay mounted", async ({
  api,
  chat,
  page,
}) => {
  test.slow();
  await chat.open(await api.chatOf(turns(300)));
  await expect(question(chat, 300)).toBeInViewport();
  const menu = chat.answer.getByRole("button", { name: "Answer again by another model" });
  await menu.click();
  await expect(page.getByRole("menu")).toBeVisible();
  await wheel(chat, -600, () => question(chat, 280).isVisible());
  await expect(menu).toHaveCount(1);
  await page.keyboard.press("Escape");
  // The focus goes back to the menu's button, and the view with it.
  await expect(question(chat, 300)).toBeInViewport();

  const selected = page.getByText("Answer 299.", { exact: true });
  await selected.click({ clickCount: 3 });
  await wheel(chat, -600, () => question(chat, 240).isVisible());
  await expect(selected).toHaveCount(1);
  expect(await page.evaluate(() => document.getSelection()?.toString())).toContain("Answer 299.");

  await question(chat, 240).getByRole("button", { name: "Copy", exact: true }).focus();
  await wheel(chat, -600, () => question(chat, 180).isVisible());
  await expect(
    question(chat, 240).getByRole("button", { name: "Copy", exact: true }),
  ).toBeFocused();
  expect(await rows(page).count()).toBeLessThan(60);
});

test("the row under the eye stays while a page comes in above and another is dropped", async ({
  api,
  chat,
  page,
}) => {
  test.slow();
  // More than the page keeps.
  await chat.open(await api.chatOf(turns(600)));
  await expect(question(chat, 600)).toBeInViewport();
  const first = async () => Number(await rows(page).first().getAttribute("aria-posinset"));
  await wheel(chat, -3_000, async () => (await first()) < 300);

  let release = () => {};
  const gate = new Promise<void>((open) => {
    release = open;
  });
  const isAsked = new Promise<void>((asked) => {
    void page.route("**/messages/?*before=*", async (route) => {
      asked();
      await gate;
      await route.fallback();
    });
  });
  let isHeld = false;
  void isAsked.then(() => {
    isHeld = true;
  });
  await wheel(chat, -1_500, async () => isHeld);
  const eye = page.locator(`li[data-message="${await rowUnderEye(page)}"]`);
  const above = () =>
    page.evaluate(() => document.querySelector("ol")?.parentElement?.scrollTop ?? 0);
  const before = await above();
  const moved = await movedWhile(eye, async () => {
    release();
    // A page of 50 messages takes this much and more.
    await expect.poll(above).toBeGreaterThan(before + 2_000);
  });
  expect(moved).toBeLessThanOrEqual(1);

  await wheel(chat, -3_000, async () => (await first()) === 1);
  await page.getByRole("button", { name: "Go to the latest message" }).click();
  await expect(question(chat, 600)).toBeInViewport();
});

test("the reading view holds the whole chat, from its first message to its last, also on paper", async ({
  api,
  chat,
  page,
}) => {
  test.slow();
  const chatId = await api.chatOf(turns(300));
  await chat.open(chatId);
  await chat.row("A long chat").hover();
  await chat.sidebar.getByRole("button", { name: "Actions for “A long chat”" }).click();
  await page.getByRole("menuitem", { name: "Read or print" }).click();
  await expect(page).toHaveURL(`/chats/${chatId}/read`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("A long chat");
  await expect(page.getByRole("button", { name: "Print" })).toBeEnabled({ timeout: 60_000 });
  const texts = await page.locator("article").allTextContents();
  expect(texts).toHaveLength(600);
  expect(texts[0]).toContain("Question 1");
  expect(texts[599]).toContain("Answer 300.");
  expect(await page.evaluate(() => scrollY)).toBe(0);

  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  const ink = page.locator("article p").first();
  await expect(ink).toHaveCSS("color", "rgb(28, 31, 29)");
  await page.emulateMedia({ media: null });
  const pages = ((await page.pdf()).toString("latin1").match(/\/Type \/Page\b/g) ?? []).length;
  // 600 turns of two lines and more, of which 30 are long: no browser gets them on fewer.
  expect(pages).toBeGreaterThan(20);
  await page.getByRole("link", { name: "Back to the chat" }).click();
  await expect(chat.box).toBeVisible();
});
