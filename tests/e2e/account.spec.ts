import type { Browser, Page, WebSocket } from "@playwright/test";
import { ChatPage } from "./chat-page";
import { NETWORK_FAILURES } from "./guard";
import { finish, requestsOf, says, script } from "./provider";
import { stack } from "./stack";
import { expect, type Person, test } from "./test";

async function openMenu(page: Page, item: string): Promise<void> {
  await page.getByRole("button", { name: /^Account: / }).click();
  await page.getByRole("menuitem", { name: item }).click();
}

/** Another browser in which the person has logged in, with the socket that it opened then. */
async function elsewhere(browser: Browser, person: Person): Promise<[ChatPage, WebSocket]> {
  const context = await browser.newContext({ baseURL: stack().url });
  const chat = new ChatPage(await context.newPage());
  const open = chat.page.waitForEvent("websocket");
  await chat.page.goto("/login");
  await chat.page.getByLabel("Email").fill(person.email);
  await chat.page.getByLabel("Password").fill(person.password);
  await chat.page.getByRole("button", { name: "Log in" }).click();
  await expect(chat.box).toBeVisible();
  return [chat, await open];
}

/** When the socket is closed. */
const closingOf = (socket: WebSocket) =>
  new Promise<number>((resolve) => socket.on("close", () => resolve(Date.now())));

test("instructions for every chat and for one chat are kept, and reach the model", async ({
  api,
  chat,
  page,
}) => {
  const model = await script([says("Yes."), ...finish()]);
  const chatId = await api.newChat(model, "A chat");
  await chat.open(chatId);
  const dialog = page.getByRole("dialog");

  await openMenu(page, "Settings");
  await dialog.getByLabel("Instructions for every chat").fill("I am new to this.");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog.getByText("Saved.")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: /^Account: / })).toBeFocused();

  await chat.row("A chat").hover();
  await page.getByRole("button", { name: "Actions for “A chat”" }).click();
  await page.getByRole("menuitem", { name: "Instructions" }).click();
  await dialog.getByLabel("For the answers in “A chat”").fill("Be brief.");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog.getByText("Saved.")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(chat.row("A chat")).toBeFocused();

  await page.reload();
  await openMenu(page, "Settings");
  await expect(dialog.getByLabel("Instructions for every chat")).toHaveValue("I am new to this.");
  await page.keyboard.press("Escape");
  await chat.send("Hello?");
  await chat.expectSettled();
  const [request] = await requestsOf(model);
  expect(request?.body.messages).toEqual([
    { role: "system", content: "I am new to this.\n\nBe brief." },
    { role: "user", content: "Hello?" },
  ]);
});

test("a session that is ended from another browser ends there within a second", async ({
  browser,
  chat,
  page,
  person,
}) => {
  await chat.open();
  const [other, socket] = await elsewhere(browser, person);
  const closed = closingOf(socket);

  await openMenu(page, "Account");
  const dialog = page.getByRole("dialog");
  const rows = dialog.getByRole("listitem").filter({ hasText: "Chrome" });
  await expect(rows).toHaveCount(2);
  await expect(rows.first()).toContainText("This browser");
  const ended = page.waitForResponse(/auth\/sessions/);
  await rows
    .last()
    .getByRole("button", { name: /^Log out/ })
    .click();
  await ended;
  const at = Date.now();
  expect((await closed) - at).toBeLessThan(1_000);
  await expect(other.page).toHaveURL(/\/login/);
  await expect(rows).toHaveCount(1);
  await page.keyboard.press("Escape");
  await chat.send("Still here");
  await chat.expectSettled();
  await other.page.context().close();
});

test("an account is deleted by its password, with all that browsers knew of it", async ({
  browser,
  chat,
  guard,
  page,
  person,
}) => {
  guard.allow(NETWORK_FAILURES);
  await chat.open();
  await chat.send("Hello");
  await chat.expectSettled();
  await chat.box.fill("an unsent secret");
  await expect
    .poll(() => page.evaluate(() => JSON.stringify(localStorage)))
    .toContain("unsent secret");
  const [other] = await elsewhere(browser, person);

  await openMenu(page, "Account");
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Delete my account" }).click();
  const password = dialog.getByLabel("Your password, to confirm it");
  await expect(password).toBeFocused();
  await password.fill("not it");
  await password.press("Enter");
  await expect(dialog.getByText("This is not your password.")).toBeVisible();
  await password.fill(person.password);
  await dialog.getByRole("button", { name: "Delete everything" }).click();

  await expect(page).toHaveURL(/\/login$/);
  expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain("secret");
  await expect(other.page).toHaveURL(/\/login/);
  await page.getByLabel("Email").fill(person.email);
  await page.getByLabel("Password").fill(person.password);
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page.getByText(/not correct/)).toBeVisible();
  await other.page.context().close();
});
