import type { Locator } from "@playwright/test";
import { textOf } from "./chat-page";
import { counts, expectClosedByClient, finish, requestsOf, says, script } from "./provider";
import { expect, openScripted, test } from "./test";

const history = async (model: string) =>
  (await requestsOf(model)).at(-1)?.body.messages.map(({ role, content }) => [role, content]);

test("stop before the first token, then send at once", async ({ api, chat, page }) => {
  const { model } = await openScripted({ api, chat }, [{ hang: true }], { times: 1 });
  await script([says("Here."), ...finish()], { model });
  await chat.send("First question");
  await chat.stopButton.click();
  await chat.send("Second question");

  await expect(chat.answer).toContainText("Here.");
  await chat.expectSettled();
  await expect(chat.answers).toHaveCount(2);
  await expect(chat.answers.first()).toContainText("Stopped.");
  await expect(chat.answers.first()).not.toContainText("Here.");
  const asked = await requestsOf(model);
  // A stop that was faster than the worker needs no request at all.
  if (asked.length === 2) await expectClosedByClient(model, { within: 2_000 });
  expect(await history(model)).toEqual([
    ["user", "First question"],
    ["user", "Second question"],
  ]);

  await page.reload();
  await expect(chat.answers).toHaveCount(2);
  await chat.expectSettled();
});

test("stop while the provider is silent closes its connection", async ({ api, chat }) => {
  const { model } = await openScripted({ api, chat }, [{ hang: true }]);
  await chat.send("Say something");
  await expect.poll(async () => (await requestsOf(model)).length).toBe(1);
  await chat.stopButton.click();
  await expectClosedByClient(model, { within: 2_000 });
  await chat.expectNotice("Stopped.");
});

test("stop half-way keeps the text, ends the request, and the next turn knows what was seen", async ({
  api,
  chat,
  page,
}) => {
  const { model, chatId } = await openScripted({ api, chat }, counts(1000, 20), { times: 1 });
  await script([says("On we go."), ...finish()], { model });
  await chat.send("Count");
  await chat.expectCounted(10);
  await chat.stopButton.click();
  await chat.send("Go on");
  await expectClosedByClient(model, { within: 2_000 });

  await expect(chat.answer).toContainText("On we go.");
  await chat.expectSettled();
  const stopped = (await api.messages(chatId))[1]?.content ?? "";
  await expect(chat.answers.first()).toContainText("Stopped. What had come so far is kept.");
  const shown = await textOf(chat.answers.first().locator("p").first());
  expect(shown.trim()).toBe(stopped.trim());
  expect(stopped.trim().split(" ").length).toBeGreaterThanOrEqual(10);
  expect(await history(model)).toEqual([
    ["user", "Count"],
    ["assistant", stopped],
    ["user", "Go on"],
  ]);

  await page.reload();
  await expect(chat.answers).toHaveCount(2);
  await chat.expectSettled();
  expect((await textOf(chat.answers.first().locator("p").first())).trim()).toBe(stopped.trim());
});

test("a stopped answer can be had again", async ({ api, chat }) => {
  const { model } = await openScripted({ api, chat }, counts(1000, 20), { times: 1 });
  await script(counts(12, 100), { model });
  await chat.send("Count");
  await chat.expectCounted(3);
  await chat.stopButton.click();
  await chat.expectNotice("Stopped.");
  await chat.answer.getByRole("button", { name: "Try again" }).click();
  await expect(chat.answer).not.toContainText("Stopped.");
  await chat.expectCounted(12);
  await chat.expectSettled();
});

test("Esc closes what is open and nothing else; then it stops", async ({ api, chat, page }) => {
  const model = await script([says("On and on"), { hang: true }]);
  await chat.open(await api.newChat(model, "A chat"));
  await chat.send("Talk");
  await expect(chat.answer).toContainText("On and on");
  const { keyboard } = page;
  const choose = async (button: Locator, item: string) => {
    await button.press("Enter");
    await expect(page.getByRole("menu").locator(":focus")).toHaveCount(1);
    await page.getByRole("menuitem", { name: item, exact: true }).press("Enter");
  };
  const actions = page.getByRole("button", { name: "Actions for “A chat”" });
  const account = page.getByRole("button", { name: /^Account: / });
  const dialog = page.getByRole("dialog");
  const opens: Record<string, [Locator, () => Promise<unknown>]> = {
    "the model picker": [
      page.getByRole("menu"),
      () => page.getByRole("button", { name: /^Model: / }).press("Enter"),
    ],
    "the menu of a chat": [page.getByRole("menu"), () => actions.press("Enter")],
    "the name of a chat": [
      page.getByLabel("Title of the chat"),
      () => chat.row("A chat").press("F2"),
    ],
    "a question": [page.getByRole("alertdialog"), () => chat.row("A chat").press("Delete")],
    instructions: [dialog, () => choose(actions, "Instructions")],
    settings: [dialog, () => choose(account, "Settings")],
    shortcuts: [dialog, () => keyboard.press("Control+/")],
    find: [page.getByRole("search"), () => choose(actions, "Find in chat")],
    "an edit": [
      page.getByRole("textbox", { name: "Edit your message" }),
      () => chat.box.press("ArrowUp"),
    ],
  };
  for (const [name, [place, open]] of Object.entries(opens))
    await test.step(name, async () => {
      await open();
      await expect(place).toBeVisible();
      await expect.poll(() => place.evaluate(holdsFocus)).toBe(true);
      await keyboard.press("Escape");
      await expect(place).toHaveCount(0);
      await expect.poll(() => page.evaluate(isFocusLost)).toBe(false);
      await expect(chat.stopButton).toBeVisible();
    });
  await chat.send("And then?");
  await chat.cards.getByRole("button", { name: "Edit waiting message" }).press("Enter");
  await expect(page.getByRole("textbox", { name: "Edit your waiting" })).toBeFocused();
  await keyboard.press("Escape");
  await expect(chat.cards).toHaveCount(1);
  expect((await requestsOf(model)).map(({ closed }) => closed)).toEqual([null]);

  await chat.box.press("Escape");
  await expectClosedByClient(model, { within: 10_000 });
});

const holdsFocus = (place: Element) => place.contains(document.activeElement);
const isFocusLost = () => document.activeElement === document.body;
