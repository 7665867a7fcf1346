import { expect, test } from "./test";

const TALK = ["One?", "First.\n\nWith **two** parts.", "Two?", "Second."];

test("Alt and an arrow walk from turn to turn, from the box only while it is empty", async ({
  api,
  chat,
  page,
}) => {
  await chat.open(await api.chatOf(TALK));
  await expect(chat.answers).toHaveCount(2);
  await chat.box.fill("A draft");
  await chat.box.press("Alt+ArrowUp");
  await expect(chat.box).toBeFocused();
  await chat.box.fill("");
  await chat.box.press("Alt+ArrowUp");
  await expect(chat.answer).toBeFocused();
  for (const turn of [chat.questions.last(), chat.answers.first(), chat.questions.first()]) {
    await page.keyboard.press("Alt+ArrowUp");
    await expect(turn).toBeFocused();
  }
  await page.keyboard.press("Alt+ArrowUp");
  await expect(chat.questions.first()).toBeFocused();
  for (let turns = 0; turns < 4; turns++) await page.keyboard.press("Alt+ArrowDown");
  await expect(chat.box).toBeFocused();
});

test("in a long chat they reach turns that were not in the document", async ({
  api,
  chat,
  page,
}) => {
  await chat.open(await api.chatOf(Array.from({ length: 400 }, (_, at) => `Message ${at + 1}`)));
  await expect(chat.answer).toContainText("Message 400");
  await chat.box.focus();
  for (let place = 400; place > 360; place--) {
    await page.keyboard.press("Alt+ArrowUp");
    await expect(page.locator("article:focus")).toContainText(`Message ${place}`);
  }
  await expect(page.locator("article:focus")).toBeInViewport();
});

test("F6 goes round the parts of the page, Shift+F6 the other way", async ({ api, chat, page }) => {
  await chat.open(await api.chatOf(TALK, "A talk"));
  await expect(chat.answers).toHaveCount(2);
  await chat.box.focus();
  await page.keyboard.press("F6");
  await expect(chat.row("A talk")).toBeFocused();
  await page.keyboard.press("F6");
  await expect(chat.questions.first()).toBeFocused();
  await page.keyboard.press("F6");
  await expect(chat.box).toBeFocused();
  await page.keyboard.press("Shift+F6");
  await expect(chat.questions.first()).toBeFocused();

  await page.keyboard.press("?");
  const list = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await expect(list).toContainText("From turn to turn");
  await page.keyboard.press("Escape");
  await expect(chat.questions.first()).toBeFocused();
  await chat.box.focus();
  await page.keyboard.press("?");
  await expect(list).toBeHidden();
  await expect(chat.box).toHaveValue("?");
  await page.keyboard.press("Control+/");
  await expect(list).toBeVisible();
});

test("selected text is quoted below the draft, by pointer and by keyboard", async ({
  api,
  chat,
  page,
}) => {
  await chat.open(await api.chatOf(TALK));
  const first = chat.answers.first();
  const quote = page.getByRole("button", { name: "Quote", exact: true });
  await chat.box.fill("My draft");
  await first.getByText("With two parts.").click({ clickCount: 3 });
  await quote.click();
  await expect(chat.box).toBeFocused();
  await expect(chat.box).toHaveValue("My draft\n\n> With two parts.\n\n");
  await expect(quote).toHaveCount(0);
  await page.keyboard.type("Why?");
  await expect(chat.box).toHaveValue("My draft\n\n> With two parts.\n\nWhy?");

  await chat.box.fill("");
  await first.evaluate((turn) => {
    const text = turn.querySelector(".ct-md");
    if (text) document.getSelection()?.selectAllChildren(text);
  });
  await expect(quote).toBeVisible();
  await first.getByRole("button", { name: "Copy link" }).focus();
  await page.keyboard.press("Tab");
  await expect(quote).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(chat.box).toHaveValue("> First.\n>\n> With two parts.\n\n");
});
