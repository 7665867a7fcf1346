import type { Locator, Page } from "@playwright/test";
import { ChatPage } from "./chat-page";
import { counts, finish, says, script } from "./provider";
import { expect, openScripted, test } from "./test";

/** Tab, at most 40 times, until the place has the focus. */
async function tabTo(page: Page, place: Locator, key = "Tab"): Promise<void> {
  for (let presses = 0; presses < 40; presses++) {
    if (await place.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press(key);
  }
  throw new Error(`${place} cannot be reached by ${key}.`);
}

test("the main job by keyboard alone", async ({ page, stranger }) => {
  const chat = new ChatPage(page);
  const { keyboard } = page;
  await page.goto("/signup");
  await expect(page.getByLabel("Email")).toBeVisible();
  await tabTo(page, page.getByLabel("Email"));
  await keyboard.type(stranger.email);
  await keyboard.press("Tab");
  await keyboard.type(stranger.password);
  await keyboard.press("Enter");

  await expect(chat.box).toBeFocused();
  await keyboard.type("Write an essay");
  await keyboard.press("Enter");
  await expect(chat.stopButton).toBeVisible();
  await expect(chat.box).toBeFocused();
  await expect(chat.answer).toContainText("essay");
  await keyboard.press("Escape");
  await chat.expectNotice("Stopped.");
  await tabTo(page, chat.answer.getByRole("button", { name: "Try again" }), "Shift+Tab");
  await keyboard.press("Enter");
  await expect(chat.stopButton).toBeVisible();
  await tabTo(page, chat.stopButton);
  await keyboard.press("Enter");
  await chat.expectNotice("Stopped.");

  const row = chat.sidebar.locator("a[data-chat]").first();
  await tabTo(page, row);
  await keyboard.press("F2");
  await expect(page.getByLabel("Title of the chat")).toBeFocused();
  await keyboard.type("An essay");
  await keyboard.press("Enter");
  await expect(chat.row("An essay")).toBeFocused();
  await keyboard.press("Tab");
  await keyboard.press("Enter");
  await expect(page.getByRole("menuitem", { name: "Rename" })).toBeFocused();
  await keyboard.press("End");
  await keyboard.press("Enter");
  const dialog = page.getByRole("alertdialog");
  await expect(dialog).toBeVisible();
  await keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(chat.row("An essay")).toBeFocused();
  await keyboard.press("Delete");
  await tabTo(page, dialog.getByRole("button", { name: "Delete" }));
  await keyboard.press("Enter");
  await expect(chat.sidebar.getByText("No chats yet.")).toBeVisible();
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  test("the list is a sheet that opens and closes, and nothing is wider than the screen", async ({
    api,
    chat,
    page,
  }) => {
    const long = `https://example.com/${"very-long-".repeat(30)}`;
    const table = `\n\n|${" A column |".repeat(9)}\n|${"---|".repeat(9)}\n|${" a value |".repeat(9)}\n\n`;
    const code = `\n\n\`\`\`js\nconst line = "${"long ".repeat(60)}";\n\`\`\`\n`;
    const model = await script([says(`See ${long} ${table} ${code}`), says("Done."), ...finish()]);
    const first = await api.newChat(model, "First chat");
    await api.newChat(model, "Second chat");
    await chat.open(first);
    await chat.send(`Look at ${long}`);
    await chat.expectSettled();
    await expect(chat.answer).toContainText("Done.");
    const width = () => page.evaluate(() => document.documentElement.scrollWidth);
    expect(await width()).toBeLessThanOrEqual(390);

    const opener = page.getByRole("button", { name: "Open the list of chats" });
    const sheet = page.getByRole("dialog", { name: "Chats" });
    await expect(chat.sidebar).toBeHidden();
    await opener.tap();
    await expect(sheet).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(sheet).toBeHidden();
    await opener.tap();
    await page.touchscreen.tap(380, 500);
    await expect(sheet).toBeHidden();
    await opener.tap();
    await sheet.getByRole("link", { name: "Second chat" }).tap();
    await expect(sheet).toBeHidden();
    await expect(chat.questions).toHaveCount(0);
    await expect(chat.box).toBeInViewport();
    expect(await width()).toBeLessThanOrEqual(390);
  });
});

test("light and dark follow the system", async ({ api, chat, page }) => {
  await openScripted({ api, chat }, counts(5, 100));
  const ground = () =>
    page
      .locator(".ct")
      .first()
      .evaluate((root) => getComputedStyle(root).backgroundColor);
  await page.emulateMedia({ colorScheme: "light" });
  expect(await ground()).toBe("rgb(252, 252, 251)");
  await page.emulateMedia({ colorScheme: "dark" });
  expect(await ground()).toBe("rgb(22, 24, 23)");
});
