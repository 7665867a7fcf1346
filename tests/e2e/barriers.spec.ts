import { randomUUID } from "node:crypto";
import type { Locator, Page } from "@playwright/test";
import { violationsInAll } from "./barriers";
import { ChatPage } from "./chat-page";
import { NETWORK_FAILURES } from "./guard";
import { finish, reasons, says, script } from "./provider";
import { expect, test } from "./test";

const EVERYTHING = `## A title\n\nSome \`code\`, a [link](https://example.com), $x^2$.\n\n~~~py\nx = 1 # one\n~~~\n\n|  | b |\n|---|---|\n| 1 | 2 |\n\n$$\n${"a + ".repeat(60)}b\n$$\n\n- [x] done\n\n> Said.[^1]\n\n~~Gone~~ ![a cat](https://example.com/cat.png)\n\n[^1]: A note.`;
const LARGE = "A line of a long text.\n".repeat(2_000);

const paste = (box: Locator, text: string) =>
  box.evaluate((element, pasted) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", pasted);
    const event = { clipboardData, bubbles: true, cancelable: true };
    element.dispatchEvent(new ClipboardEvent("paste", event));
  }, text);

/** Lists no barrier, in light, dark and forced colours. */
const expectNone = async (page: Page, state: string) =>
  expect.soft(await violationsInAll(page), state).toEqual([]);

// A colour that fades has no contrast yet.
test.use({ contextOptions: { reducedMotion: "reduce" } });
test.beforeEach(({ guard }) => {
  test.slow();
  guard.allow(NETWORK_FAILURES);
});

test("a barrier is found in every rendering", async ({ chat, page }) => {
  await chat.open();
  await page.getByRole("main").evaluate((main) => {
    const faint = document.createElement("p");
    faint.textContent = "Hard to read";
    faint.style.cssText = "color: #777; background: #888; forced-color-adjust: none";
    main.append(faint, document.createElement("button"), document.createElement("img"));
  });
  const found = (await violationsInAll(page)).join();
  for (const rule of ["button-name", "image-alt"]) expect(found).toContain(`light: ${rule}`);
  for (const rendering of ["light", "dark", "forced"])
    expect(found).toContain(`${rendering}: color-contrast`);
});

test("no barrier that a program can find before the chat", async ({ page, stranger }) => {
  await page.goto("/login?next=/chats/some");
  await expect(page.getByText("You were logged out.")).toBeVisible();
  await page.getByLabel("Email").fill(stranger.email);
  await page.getByLabel("Password").fill("not-the-password");
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page.getByText(/not correct/)).toBeVisible();
  await expectNone(page, "logged out, and refused");
  await page.goto("/signup");
  await page.getByLabel("Email").fill(stranger.email);
  await page.getByLabel("Password").fill("short");
  await page.getByRole("button", { name: "Sign up" }).click();
  await expect(page.getByText(/too short/)).toBeVisible();
  await expectNone(page, "sign-up, refused");
  await page.goto("/nowhere");
  await expect(page.getByText("nothing at this address")).toBeVisible();
  await expectNone(page, "nothing at this address");
  await page.route("**/api/**", () => {});
  await page.goto("/");
  await expect(page.getByText("Loading")).toBeVisible();
  await expectNone(page, "loading");
  await page.unroute("**/api/**");
  await page.route("**/api/**", (route) => route.abort());
  await page.goto("/");
  await expect(page.getByText("cannot be reached")).toBeVisible({ timeout: 30_000 });
  await expectNone(page, "unreachable");
});

test("no barrier that a program can find in a chat", async ({ api, chat, page }) => {
  await chat.open();
  await expectNone(page, "greeting");
  await page.getByRole("button", { name: /^Model: / }).click();
  await expect(page.getByRole("menuitemradio").first()).toBeVisible();
  await expectNone(page, "model picker");

  const model = await script([{ text: "" }], { times: 1, status: 401 });
  await script([says(EVERYTHING), ...finish()], { times: 1, model });
  await script([says("Cut sh"), ...finish("length")], { times: 1, model });
  await script([says("Not cut."), ...finish()], { times: 1, model });
  await script([says("On and on"), { hang: true }], { model });
  const chatId = await api.newChat(model);
  await chat.open(chatId);
  await chat.send("First");
  await chat.expectNotice("The answer failed.");
  await paste(chat.box, LARGE);
  await expect(page.getByRole("button", { name: "Remove the long text" })).toBeVisible();
  await expectNone(page, "failed, and a large text on the box");
  await chat.box.press("Enter");
  await expect(chat.answer.locator(".hljs-comment")).toBeVisible();
  await expect(chat.answer.locator(".katex").first()).toBeVisible();
  await chat.expectSettled();
  await chat.answer.getByText("Some").click({ clickCount: 3 });
  await expect(page.getByRole("button", { name: "Quote", exact: true })).toBeVisible();
  await expectNone(page, "markdown, a quote, and a large text as a message");
  await chat.send("Third");
  await chat.expectNotice("The answer was cut short.");
  await expectNone(page, "cut short");
  await chat.answer.getByRole("button", { name: "Try again" }).click();
  await expect(chat.answer).toContainText("Not cut.");
  await chat.expectSettled();
  const previous = chat.answer.getByRole("button", { name: "Previous version" });
  expect(await previous.boundingBox()).toMatchObject({ width: 32, height: 32 });
  await chat.send("Fourth");
  await expect(chat.answer).toContainText("On and on");
  for (const text of ["Fifth", "Sixth"]) {
    await chat.send(text);
    await expect(chat.cards.filter({ hasText: text })).toBeVisible();
  }
  await chat.cards.first().getByRole("button", { name: "Edit waiting message" }).click();
  await expect(page.getByRole("textbox", { name: "Edit your waiting" })).toBeFocused();
  await expectNone(page, "versions, answering, the queue and an edit in it");
  await page.keyboard.press("Escape");
  for (const left of [1, 0]) {
    await chat.cards.first().getByRole("button", { name: "Take back" }).click();
    await expect(chat.cards).toHaveCount(left);
  }
  await chat.box.press("Escape");
  await chat.expectNotice("Stopped.");

  const answer = chat.answers.nth(1);
  await answer.getByRole("button", { name: "Answer again by another model" }).click();
  await expect(page.getByRole("menuitem").first()).toBeVisible();
  await expectNone(page, "stopped, and the menu of a message");
  await page.keyboard.press("Escape");
  await chat.questions.first().getByRole("button", { name: "Edit" }).click();
  await expect(page.getByRole("textbox", { name: "Edit your message" })).toBeFocused();
  await chat.row("A chat").focus();
  await page.keyboard.press("F2");
  await expect(page.getByLabel("Title of the chat")).toBeFocused();
  await expectNone(page, "an edit and a new name");

  const refusal = { code: "invalid", detail: "Send it shorter." };
  await page.route("**/api/**", (route) =>
    route.request().method() === "GET"
      ? route.fallback()
      : route.fulfill({ status: 400, json: refusal }),
  );
  await page.keyboard.type("Renamed");
  await page.keyboard.press("Enter");
  await expect(chat.sidebar.getByText(refusal.detail)).toBeVisible();
  await page.getByRole("button", { name: "Save & send" }).click();
  await expect(page.getByText("Not sent.")).toBeVisible();
  await answer.getByRole("button", { name: "Answer again", exact: true }).click();
  await expect(answer.getByText("The new answer could not be started.")).toBeVisible();
  await chat.answers.nth(2).getByRole("button", { name: "Previous version" }).click();
  await expect(page.getByText("That version could not be shown.")).toBeVisible();
  await chat.send("Seventh");
  await expect(page.getByText("Not sent.")).toHaveCount(2);
  await expectNone(page, "refused: a name, an edit, an answer, a version and a message");
  await page.unroute("**/api/**");
  await page.goto(`/chats/${chatId}?find=true&message=${chatId}`);
  await expect(page.getByText("The message that the link leads to")).toBeVisible();
  await expectNone(page, "find, and a link that leads nowhere");
  await page.getByRole("textbox", { name: "Find in chat" }).fill("title");
  await expect(page.getByRole("search").getByRole("status")).toContainText("1 of 1");
  await expectNone(page, "a hit");
  await page.goto(`/chats/${chatId}/read`);
  await expect(page.getByRole("button", { name: "Print" })).toBeEnabled();
  await expectNone(page, "reading view");
});

test("no barrier that a program can find in dialogs and without a connection", async ({
  api,
  line,
  page,
  context,
  person: _,
}) => {
  const chat = new ChatPage(page, line.url);
  const chatId = await api.chatOf(["Hello?", "Hello."], "A chat");
  await api.call("POST", "/api/keys/", { name: "laptop" });
  await chat.open(chatId);
  await expect(chat.answer).toContainText("Hello.");
  const row = chat.row("A chat");
  await row.hover();
  const actions = page.getByRole("button", { name: "Actions for “A chat”" });
  await actions.click();
  await expect(page.getByRole("menuitem").first()).toBeVisible();
  await expectNone(page, "menu of a chat");
  await page.getByRole("menuitem", { name: "Instructions" }).click();
  await expect(page.getByRole("dialog", { name: "Instructions" })).toBeVisible();
  await expectNone(page, "instructions");
  await page.keyboard.press("Escape");
  await row.focus();
  await page.keyboard.press("Delete");
  await expect(page.getByRole("alertdialog")).toBeVisible();
  await expectNone(page, "delete");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+/");
  await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
  await expectNone(page, "shortcuts");
  await page.keyboard.press("Escape");

  const account = page.getByRole("button", { name: /^Account: / });
  await account.click();
  await expect(page.getByRole("menuitem").first()).toBeVisible();
  await expectNone(page, "menu of the account");
  await page.getByRole("menuitem", { name: "Settings" }).click();
  const settings = page.getByRole("dialog", { name: "Settings" });
  await settings.getByRole("textbox").fill("Answer in rhymes.");
  await settings.getByRole("button", { name: "Save" }).click();
  await expect(settings.getByText("Saved.")).toBeVisible();
  await expectNone(page, "settings");
  await page.keyboard.press("Escape");
  await account.click();
  await page.getByRole("menuitem", { name: "Account" }).click();
  const dialog = page.getByRole("dialog", { name: "Account" });
  await expect(dialog.getByText("laptop")).toBeVisible();
  await dialog.getByLabel("Current password").fill("not-the-password");
  await dialog.getByLabel("New password").fill("another-horse-43");
  await dialog.getByRole("button", { name: "Change password" }).click();
  await expect(dialog.locator(":invalid, [aria-invalid]")).not.toHaveCount(0);
  await dialog.getByLabel("Name of the key").fill("script");
  await dialog.getByRole("button", { name: "Create key" }).click();
  await expect(dialog.getByText("Copy the key now.")).toBeVisible();
  await dialog.getByRole("button", { name: "Delete my account" }).click();
  await expect(dialog.getByLabel("Your password, to confirm it")).toBeVisible();
  await expectNone(page, "account");
  await page.keyboard.press("Escape");

  line.cut();
  await context.setOffline(true);
  await expect(chat.offlineLine).toBeVisible();
  await chat.send("Sent from a tunnel");
  await expect(chat.unsent.getByText("Not sent yet.")).toBeVisible();
  await expectNone(page, "offline and unsent");
  line.mend();
  await context.setOffline(false);
  await page.route("**/api/chats/**", (route) => route.abort());
  await page.reload();
  await expect(page.getByText("The messages of this chat could not")).toBeVisible({
    timeout: 30_000,
  });
  await expectNone(page, "nothing loaded");
});

test("no barrier that a program can find in what is seen rarely", async ({
  api,
  chat,
  guard,
  page,
}) => {
  const model = await script(
    [reasons("Let me see."), says("Some words.\n\n".repeat(40)), ...finish()],
    { times: 1 },
  );
  await script([says("On and on"), { hang: true }], { model });
  const chatId = await api.newChat(model);
  const other = await api.newChat("demo-fast", "Another chat");
  await chat.open(chatId);
  await chat.send("First");
  await chat.expectSettled();
  await chat.answer.getByText(/^Thought for/).click();
  await chat.send("Second");
  await expect(chat.answer).toContainText("On and on");
  await api.call("POST", `/api/chats/${other}/messages/`, { content: "hello" });
  await chat.send("Third");
  await expect(chat.cards).toHaveCount(1);
  await page.route("**/messages/", (route) => route.abort());
  await chat.send("Fourth");
  await expect(chat.cards.filter({ hasText: "Not sent yet." })).toBeVisible();
  await paste(chat.box, LARGE);
  await page.getByRole("button", { name: "Remove the long text" }).click();
  await expect(page.getByRole("button", { name: "Undo" })).toBeVisible();
  await expect(chat.row("Another chat")).toContainText("new answer");
  await expect(chat.row("Another chat").getByText("Another chat")).toHaveCSS("font-weight", "600");
  await expect(chat.row("A chat")).toContainText("answering");
  await chat.box.focus();
  for (let turns = 0; turns < 3; turns++) await page.keyboard.press("Alt+ArrowUp");
  await expect(page.getByRole("button", { name: "Go to the latest message" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Tell me when" })).toBeVisible({ timeout: 15_000 });
  await expectNone(
    page,
    "thoughts, an unsent card, an undo, marks in the list, an offer and the pill",
  );

  const busy = await script([{ text: "" }], { status: 429, headers: { "retry-after": "25" } });
  await page.unroute("**/messages/");
  await page.route("**/api/status/", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), workers: 0 } });
  });
  await chat.open(await api.newChat(busy));
  await chat.send("First");
  await expect(page.getByText("No worker is listening.")).toBeVisible();
  await expectNone(page, "nobody answers");
  await chat.stopButton.click();
  await chat.expectNotice("Stopped.");

  await chat.open(randomUUID());
  await expect(page.getByText("This chat is not here.")).toBeVisible();
  await expectNone(page, "gone");
  guard.allow(/TypeError/);
  await page.route("**/api/chats/?*", (route) => route.fulfill({ json: {} }));
  await page.reload();
  await expect(page.getByText("Something went wrong on this page.")).toBeVisible();
  await expectNone(page, "crashed");
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  test("no barrier that a program can find on a phone", async ({ api, chat, page }) => {
    for (let chats = 0; chats < 31; chats++) await api.newChat("demo-fast", `Chat ${chats}`);
    await chat.open(await api.chatOf(["Hello?", EVERYTHING], "A chat"));
    await expect(chat.answer.locator(".hljs-comment")).toBeVisible();
    await expectNone(page, "a chat on a phone");
    await page.getByRole("button", { name: "Open the list of chats" }).tap();
    await expect(page.getByRole("button", { name: "Show older chats" })).toBeAttached();
    await expectNone(page, "the list as a sheet");
    await page.getByRole("button", { name: "Actions for “A chat”" }).tap();
    await expect(page.getByRole("menuitem").first()).toBeVisible();
    await expectNone(page, "a menu on the sheet");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: /^Account: / }).tap();
    await page.getByRole("menuitem", { name: "Settings" }).tap();
    await expect(page.getByRole("dialog", { name: "Settings" })).toBeVisible();
    await expectNone(page, "a dialog on the sheet");
  });
});
