import { randomUUID } from "node:crypto";
import type { Locator, Page, Route } from "@playwright/test";
import { ChatPage } from "./chat-page";
import { NETWORK_FAILURES } from "./guard";
import type { Line } from "./line";
import { finish, requestsOf, says, script } from "./provider";
import { expect, openScripted, test } from "./test";

declare global {
  interface Window {
    comeBack: () => void;
  }
}

const answers = [says("Fine."), ...finish()];

/** Enter as an input method sends it: while composing, or (Safari) right after, with key code 229. */
const enterOfInputMethod = (field: Locator, { safari = false } = {}) =>
  field.evaluate((element, isSafari) => {
    const enter = (isComposing: boolean, keyCode: number) =>
      element.dispatchEvent(
        new KeyboardEvent("keydown", {
          key: "Enter",
          code: "Enter",
          isComposing,
          keyCode,
          bubbles: true,
          cancelable: true,
        }),
      );
    element.dispatchEvent(new CompositionEvent("compositionstart", { bubbles: true }));
    if (!isSafari) enter(true, 13);
    element.dispatchEvent(new CompositionEvent("compositionend", { bubbles: true }));
    if (isSafari) enter(false, 229);
  }, safari);

const caretOf = (field: Locator) =>
  field.evaluate((element: HTMLTextAreaElement) => element.selectionStart);

for (const safari of [false, true])
  test(`Enter of an input method does not send (${safari ? "Safari" : "others"})`, async ({
    api,
    chat,
  }) => {
    const { chatId } = await openScripted({ api, chat }, answers);
    await chat.box.fill("にほんご");
    await chat.box.evaluate((box: HTMLTextAreaElement) => box.setSelectionRange(2, 2));
    await enterOfInputMethod(chat.box, { safari });
    await expect(chat.box).toHaveValue("にほんご");
    expect(await caretOf(chat.box)).toBe(2);
    await expect(chat.questions).toHaveCount(0);
    await chat.box.press("End");
    await chat.box.press("Shift+Enter");
    await chat.box.pressSequentially("two lines");
    await expect(chat.box).toHaveValue("にほんご\ntwo lines");
    await chat.box.press("Enter");
    await chat.expectSettled();
    const sent = await api.messages(chatId);
    expect(sent.map(({ content }) => content)).toEqual(["にほんご\ntwo lines", "Fine."]);
  });

/** Lets the browser's own input method write into what has the focus, and accept it by Enter. */
async function compose(page: Page, text: string): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  const at = { selectionStart: text.length, selectionEnd: text.length };
  await devtools.send("Input.imeSetComposition", { text, ...at });
  const key = { key: "Process", code: "Enter", windowsVirtualKeyCode: 229 };
  await devtools.send("Input.dispatchKeyEvent", { type: "rawKeyDown", ...key });
  await devtools.send("Input.insertText", { text });
}

test("a real composition of the browser neither sends nor makes a key", async ({
  api,
  chat,
  page,
}) => {
  await openScripted({ api, chat }, answers);
  await chat.box.focus();
  await compose(page, "한국");
  await expect(chat.box).toHaveValue("한국");
  expect(await caretOf(chat.box)).toBe(2);
  await expect(chat.questions).toHaveCount(0);
  await chat.box.press("Enter");
  await expect(chat.questions).toHaveText(/한국/);
  await chat.expectSettled();

  await page.getByRole("button", { name: /^Account/ }).click();
  await page.getByRole("menuitem", { name: "Account" }).click();
  const name = page.getByLabel("Name of the key");
  await name.focus();
  await compose(page, "日本");
  await expect(name).toHaveValue("日本");
  await expect(page.getByText("No keys yet.")).toBeVisible();
  await name.press("Enter");
  await expect(page.getByRole("button", { name: "Revoke “日本”" })).toBeVisible();
});

for (const safari of [false, true])
  test(`Enter of an input method does not rename (${safari ? "Safari" : "others"})`, async ({
    api,
    chat,
    page,
  }) => {
    await openScripted({ api, chat }, answers);
    await chat.row("A chat").focus();
    await page.keyboard.press("F2");
    const field = page.getByLabel("Title of the chat");
    await field.fill("日本");
    await enterOfInputMethod(field, { safari });
    await expect(field).toBeVisible();
    await field.press("Enter");
    await expect(chat.row("日本")).toBeVisible();
  });

const sends: Record<string, (chat: { box: Locator; sendButton: Locator }) => Promise<unknown>> = {
  "a double click": ({ sendButton }) => sendButton.dblclick({ delay: 25 }),
  "Enter held down": async ({ box }) => {
    await box.focus();
    for (let times = 0; times < 15; times++) await box.page().keyboard.down("Enter");
    await box.page().keyboard.up("Enter");
  },
  "click and Enter together": ({ box, sendButton }) =>
    Promise.all([
      sendButton.click({ noWaitAfter: true }),
      box.press("Enter", { noWaitAfter: true }),
    ]),
};

for (const [name, act] of Object.entries(sends))
  for (const isNew of [true, false])
    test(`${name} sends once (${isNew ? "new chat" : "known chat"})`, async ({
      api,
      chat,
      page,
    }) => {
      const model = await script(answers);
      if (isNew) {
        await page.route("**/api/chats/", async (route) => {
          const body = route.request().postDataJSON();
          await route.continue({ postData: { ...body, ...(body && { model }) } });
        });
        await page.route("**/messages/", async (route) => {
          const body = route.request().postDataJSON();
          await route.continue({ postData: { ...body, ...(body && { model }) } });
        });
      }
      await chat.open(isNew ? undefined : await api.newChat(model));
      await chat.box.fill("Once");
      await act(chat);
      await expect(chat.answer).toContainText("Fine.");
      await chat.expectSettled();
      await expect(chat.questions).toHaveCount(1);
      await expect(chat.answers).toHaveCount(1);
      await page.reload();
      await expect(chat.questions).toHaveCount(1);
      await expect(chat.answers).toHaveCount(1);
      await expect(chat.box).toHaveValue("");
      expect(await requestsOf(model)).toHaveLength(1);
      expect((await api.call("GET", "/api/chats/")).results).toHaveLength(1);
    });

test("the same request twice at once makes one turn; the same text with a new id makes another", async ({
  api,
  person: _,
}) => {
  const model = await script(answers);
  const chatId = await api.newChat(model);
  const send = (id: string) =>
    api.call("POST", `/api/chats/${chatId}/messages/`, { id, content: "Once" });
  const id = randomUUID();
  const [one, two] = await Promise.all([send(id), send(id)]);
  const ids = (sent: { message: { id: string }; answer: { id: string } }) => [
    sent.message.id,
    sent.answer.id,
  ];
  expect(ids(one)).toEqual(ids(two));
  await api.expectSettled(chatId);
  expect(await api.messages(chatId)).toHaveLength(2);
  expect(await requestsOf(model)).toHaveLength(1);

  await send(randomUUID());
  await api.expectSettled(chatId);
  expect(await api.messages(chatId)).toHaveLength(4);
  expect(await requestsOf(model)).toHaveLength(2);
});

const losses: Record<string, (route: Route, line: Line) => Promise<void>> = {
  "by a gateway": (route) => route.fulfill({ status: 504, body: "Gateway timeout" }),
  "with the connection": async (route, line) => {
    line.cut();
    await route.abort();
    line.mend();
  },
};

for (const [name, lose] of Object.entries(losses))
  test(`a send that arrived though its answer was lost ${name} is not sent again`, async ({
    api,
    guard,
    line,
    page,
    person: _,
  }) => {
    guard.allow(NETWORK_FAILURES);
    const model = await script(answers);
    const chatId = await api.newChat(model);
    const chat = new ChatPage(page, line.url);
    await chat.open(chatId);
    let lost = 0;
    await page.route("**/messages/", async (route) => {
      if (route.request().method() !== "POST" || lost++) return route.continue();
      await route.fetch();
      await lose(route, line);
    });
    await chat.send("Once");
    await expect.poll(() => lost, { timeout: 20_000 }).toBeGreaterThan(0);
    await expect(chat.box).toHaveValue("");
    await expect(chat.answer).toContainText("Fine.");
    await expect(chat.unsent).toHaveCount(0);
    await chat.expectSettled();
    await expect(chat.questions).toHaveCount(1);
    await expect(chat.answers).toHaveCount(1);
    expect(await api.messages(chatId)).toHaveLength(2);
    expect(await requestsOf(model)).toHaveLength(1);
  });

test("a draft survives a reload, and each chat has its own", async ({ api, chat, page }) => {
  const model = await script(answers);
  const one = await api.newChat(model, "One");
  await api.newChat(model, "Two");
  await chat.open(one);
  await chat.box.fill("Half a thought");
  await page.reload();
  await expect(chat.box).toHaveValue("Half a thought");
  await chat.row("Two").click();
  await expect(chat.box).toHaveValue("");
  await chat.box.fill("Another one");
  await chat.row("One").click();
  await expect(chat.box).toHaveValue("Half a thought");
  await chat.row("Two").click();
  await expect(chat.box).toHaveValue("Another one");
});

test("a large paste is a card, and a refused send keeps it and says why", async ({
  api,
  chat,
  context,
  guard,
  page,
}) => {
  guard.allow(/Failed to load resource.*400/);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const { chatId } = await openScripted({ api, chat }, answers);
  const huge = "A line of words.\n".repeat(30_000);
  await page.evaluate((text) => navigator.clipboard.writeText(text), huge);
  const card = page.getByRole("list", { name: "Long texts" }).getByRole("listitem");
  await chat.box.fill("Read: ");
  await chat.box.press("Control+v");
  await expect(card).toContainText("Long text, 510,000 characters");
  await chat.box.press("Enter");
  await expect(page.getByText("Not sent. Use at most 500000 characters.")).toBeVisible();
  await expect(card).toContainText("Long text, 510,005 characters");
  await chat.box.fill("Briefly.");
  await page.reload();
  await expect(card).toContainText("Long text, 510,005 characters");
  await expect(chat.box).toHaveValue("Briefly.");
  await chat.box.press("Shift+Tab");
  await page.keyboard.press("Enter");
  await expect(card).toHaveCount(0);
  await expect(chat.box).toBeFocused();
  await chat.box.press("Enter");
  await expect(chat.answer).toContainText("Fine.");
  await expect(page.getByText("Not sent.")).toBeHidden();
  expect((await api.messages(chatId)).map(({ content }) => content)).toEqual(["Briefly.", "Fine."]);
});

test("a failing server keeps the text, also of a new chat", async ({ chat, guard, page }) => {
  guard.allow(/Failed to load resource.*503/);
  const refuse = { status: 503, json: { code: "queue_unavailable", detail: "Out for lunch." } };
  let isOut = true;
  await page.exposeFunction("comeBack", () => {
    isOut = false;
  });
  await page.route("**/api/chats/", (route) =>
    isOut && route.request().method() === "POST" ? route.fulfill(refuse) : route.continue(),
  );
  await chat.open();
  await chat.send("Do not lose me");
  await expect(page.getByText("Out for lunch.")).toBeVisible();
  await expect(chat.unsent).toContainText("Do not lose me");
  await expect(chat.box).toHaveValue("");
  await expect(chat.questions).toHaveCount(0);
  await page.reload();
  await expect(chat.unsent).toContainText("Do not lose me");
  // By itself it would go, too, and take the button along.
  await page.evaluate(() => document.addEventListener("click", () => window.comeBack(), true));
  await page.getByRole("button", { name: "Try to send now" }).click();
  await expect(chat.questions).toHaveText(/Do not lose me/);
  await expect(chat.box).toHaveValue("");
  await chat.stopButton.click();
  await chat.expectSettled();
});

test("Up in an empty box edits the last question, and only there", async ({ api, chat, page }) => {
  await openScripted({ api, chat }, answers);
  await chat.send("First");
  await chat.expectSettled();
  await chat.box.fill("a draft");
  await chat.box.press("ArrowUp");
  const edit = page.getByRole("textbox", { name: "Edit your message" });
  await expect(edit).toHaveCount(0);
  await chat.box.fill("");
  await chat.box.press("ArrowUp");
  await expect(edit).toBeFocused();
  await expect(edit).toHaveValue("First");
  await edit.press("Escape");
  await expect(edit).toHaveCount(0);
});

test("theme and send key are chosen in place and kept", async ({ api, chat, page }) => {
  await page.emulateMedia({ colorScheme: "light" });
  await openScripted({ api, chat }, answers);
  const ground = () =>
    page
      .locator(".ct")
      .first()
      .evaluate((root) => getComputedStyle(root).backgroundColor);
  const light = await ground();
  await page.getByRole("button", { name: /^Account/ }).click();
  await page.getByRole("menuitem", { name: "Settings" }).click();
  await page.getByRole("radio", { name: "Dark" }).check();
  await page.getByRole("radio", { name: /^Ctrl/ }).check();
  await expect.poll(ground).not.toBe(light);
  await page.keyboard.press("Escape");
  await page.reload();
  await expect.poll(ground).not.toBe(light);
  await chat.box.fill("one");
  await chat.box.press("Enter");
  await chat.box.pressSequentially("two");
  await expect(chat.box).toHaveValue("one\ntwo");
  await chat.box.press("Control+Enter");
  await chat.expectSettled();
  await expect(chat.questions).toHaveText(/one\s+two/);
});
