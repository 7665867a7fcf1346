import type { Locator, Page, Route } from "@playwright/test";
import { ChatPage } from "./chat-page";
import { NETWORK_FAILURES } from "./guard";
import { counts, finish, requestsOf, says, script } from "./provider";
import { type Api, expect, openScripted, test } from "./test";
import { restingTop, roomBelow } from "./watch";

/** A model that says each of these texts once, in this order. */
async function speaks(...texts: string[]): Promise<string> {
  const model = await script([says(texts[0] ?? ""), ...finish()], { times: 1 });
  for (const text of texts.slice(1)) await script([says(text), ...finish()], { model, times: 1 });
  return model;
}

async function ask(api: Api, chatId: string, content: string): Promise<void> {
  await api.call("POST", `/api/chats/${chatId}/messages/`, { content });
  await api.expectSettled(chatId);
}

const history = async (model: string) =>
  (await requestsOf(model)).at(-1)?.body.messages.map(({ content }) => content);

const version = (place: Locator, name: string | RegExp) => place.getByRole("group", { name });
const next = (place: Locator) => place.getByRole("button", { name: "Next version" });
const previous = (place: Locator) => place.getByRole("button", { name: "Previous version" });
const again = (place: Locator) => place.getByRole("button", { name: "Answer again", exact: true });
const editBox = (chat: ChatPage) => chat.page.getByRole("textbox", { name: "Edit your message" });

async function startEditing(chat: ChatPage, question: Locator): Promise<Locator> {
  await question.hover();
  await question.getByRole("button", { name: "Edit" }).click();
  await expect(editBox(chat)).toBeFocused();
  return editBox(chat);
}

test("a turn is edited beside the old one, and both survive a reload", async ({
  api,
  chat,
  page,
}) => {
  const model = await speaks("First.", "Second.", "Second, otherwise.", "Third.");
  const chatId = await api.newChat(model);
  await ask(api, chatId, "One");
  await ask(api, chatId, "Two");
  await chat.open(chatId);

  const box = await startEditing(chat, chat.questions.nth(1));
  await box.fill("Two, otherwise");
  await box.press("Enter");
  await expect(chat.answer).toContainText("Second, otherwise.");
  await chat.expectSettled();
  await expect(chat.box).toBeFocused();
  expect(await history(model)).toEqual(["One", "First.", "Two, otherwise"]);
  await expect(version(chat.questions.nth(1), "Version 2 of 2")).toBeVisible();
  await expect(version(chat.questions.nth(0), /Version/)).toHaveCount(0);

  await previous(chat.questions.nth(1)).click();
  await expect(chat.questions.nth(1)).toContainText("Two");
  await expect(chat.answer).toHaveText(/^(?!.*otherwise).*Second\./);
  await page.reload();
  await expect(version(chat.questions.nth(1), "Version 1 of 2")).toBeVisible();
  await expect(chat.answer).toHaveText(/^(?!.*otherwise).*Second\./);
  await chat.send("Three");
  await expect(chat.answer).toContainText("Third.");
  expect(await history(model)).toEqual(["One", "First.", "Two", "Second.", "Three"]);
});

test("the first turn can be edited, too", async ({ api, chat }) => {
  const model = await speaks("First.", "First, otherwise.");
  const chatId = await api.newChat(model);
  await ask(api, chatId, "One");
  await chat.open(chatId);
  const box = await startEditing(chat, chat.questions.first());
  await box.fill("Uno");
  await chat.page.getByRole("button", { name: "Save & send" }).click();
  await expect(chat.answer).toContainText("First, otherwise.");
  await expect(version(chat.questions.first(), "Version 2 of 2")).toBeVisible();
  expect(await history(model)).toEqual(["Uno"]);
});

test("Esc leaves the edit box as if nothing had been, and stops no answer", async ({
  api,
  chat,
  page,
}) => {
  const { model } = await openScripted({ api, chat }, counts(400, 20));
  await chat.send("Count");
  await chat.expectCounted(3);
  const box = await startEditing(chat, chat.questions.first());
  await box.fill("Something else");
  await box.dispatchEvent("keydown", { key: "Enter", keyCode: 229, bubbles: true });
  await expect(box).toHaveValue("Something else");
  await box.press("Escape");
  await expect(box).toBeHidden();
  await expect(chat.questions.first().getByRole("button", { name: "Edit" })).toBeFocused();
  await expect(chat.stopButton).toBeVisible();
  await expect(chat.questions.first()).toContainText("Count");
  await page.keyboard.press("Enter");
  await expect(editBox(chat)).toHaveValue("Count");
  expect(await requestsOf(model)).toHaveLength(1);
});

test("an edited text outlives a failed send, a reload, and is sent once", async ({
  api,
  chat,
  guard,
  page,
  context,
}) => {
  guard.allow(NETWORK_FAILURES);
  const model = await speaks("First.", "Otherwise.");
  const chatId = await api.newChat(model);
  await ask(api, chatId, "One");
  await chat.open(chatId);
  const box = await startEditing(chat, chat.questions.first());
  await box.fill("Uno");
  await context.route("**/messages/", (route) =>
    route.request().method() === "POST" ? route.abort() : route.continue(),
  );
  await box.press("Enter");
  await expect(page.getByText("Not sent.")).toBeVisible();
  await expect(box).toHaveValue("Uno");
  await context.unroute("**/messages/");

  await page.reload();
  await expect(await startEditing(chat, chat.questions.first())).toHaveValue("Uno");
  await box.press("Enter");
  await expect(chat.answer).toContainText("Otherwise.");
  await expect(version(chat.questions.first(), "Version 2 of 2")).toBeVisible();
});

test("a turn is edited while the last answer streams, and that one goes on to its end", async ({
  api,
  chat,
}) => {
  const model = await speaks("First.");
  await script(counts(60, 20), { model, times: 1 });
  await script([says("Otherwise."), ...finish()], { model });
  const chatId = await api.newChat(model);
  await ask(api, chatId, "One");
  await chat.open(chatId);
  await chat.send("Two");
  await chat.expectCounted(5);
  const box = await startEditing(chat, chat.questions.first());
  await box.fill("Uno");
  await box.press("Enter");
  await expect(chat.answer).toContainText("Otherwise.");
  await expect(chat.answers).toHaveCount(1);
  await chat.expectSettled();
  await previous(chat.questions.first()).click();
  await expect(chat.answers).toHaveCount(2);
  await chat.expectSettled();
  expect(await chat.counted()).toBe(60);
});

test("five versions of an answer, one of another model; the chosen one survives a reload", async ({
  api,
  chat,
  page,
}) => {
  const model = await speaks("Version one.", "Version two.", "Version three.", "Version four.");
  const chatId = await api.newChat(model);
  await ask(api, chatId, "One");
  await chat.open(chatId);
  for (const [count, words] of [
    [2, "Version two."],
    [3, "Version three."],
    [4, "Version four."],
  ] as const) {
    await again(chat.answer).click();
    await expect(chat.answer).toContainText(words);
    await chat.expectSettled();
    await expect(version(chat.answer, `Version ${count} of ${count}`)).toBeVisible();
  }
  await chat.answer.getByRole("button", { name: "Answer again by another model" }).click();
  await page.getByRole("menuitem", { name: "demo-fast" }).click();
  await expect(page.getByRole("article", { name: "Answer by demo-fast" })).toBeVisible();
  await chat.expectSettled();
  await expect(version(chat.answer, "Version 5 of 5")).toBeVisible();

  for (const count of [4, 3, 2]) {
    await previous(chat.answer).click();
    await expect(version(chat.answer, `Version ${count} of 5`)).toBeVisible();
    await expect(previous(chat.answer)).toBeFocused();
    await expect(
      page.getByRole("status").filter({ hasText: `Version ${count} of 5` }),
    ).toBeAttached();
  }
  await expect(chat.answer).toContainText("Version two.");
  await page.reload();
  await expect(version(chat.answer, "Version 2 of 5")).toBeVisible();
  await expect(chat.answer).toContainText("Version two.");
  await previous(chat.answer).click();
  await expect(version(chat.answer, "Version 1 of 5")).toBeVisible();
  await expect(previous(chat.answer)).toBeDisabled();
  await expect(next(chat.answer)).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(chat.answer).toContainText("Version two.");
});

test("a turn sent in the same instant continues what was just asked for", async ({
  api,
  chat,
  page,
}) => {
  const model = await speaks(
    "Version one.",
    "Version two.",
    "Second.",
    "Third.",
    "Edited.",
    "Fourth.",
  );
  const chatId = await api.newChat(model);
  await ask(api, chatId, "One");
  await chat.open(chatId);
  /** The request does not reach the server before the turn is sent, which is written already. */
  const sendDuring = async (request: string, text: string, act: () => Promise<void>) => {
    await chat.box.fill(text);
    await page.route(
      request,
      async (route) => {
        await expect(chat.box).toHaveValue("");
        await route.continue();
      },
      { times: 1 },
    );
    await act();
    await chat.box.press("Enter");
    await expect(chat.questions.last()).toContainText(text);
    await expect(chat.answer).toHaveText(/(Second|Third|Fourth)\./);
    await chat.expectSettled();
  };

  await sendDuring("**/regenerate/", "Two", () => again(chat.answer).click());
  expect(await history(model)).toEqual(["One", "Version two.", "Two"]);
  await sendDuring("**/show/", "Three", () => previous(chat.answers.first()).click());
  expect(await history(model)).toEqual(["One", "Version one.", "Three"]);
  await sendDuring("**/messages/", "Four", async () => {
    const box = await startEditing(chat, chat.questions.last());
    await box.fill("Otherwise");
    await box.press("Enter");
  });
  const end = ["One", "Version one.", "Otherwise", "Edited.", "Four"];
  expect(await history(model)).toEqual(end);
  await page.reload();
  await expect(chat.answer).toContainText("Fourth.");
  expect((await api.messages(chatId)).map(({ content }) => content)).toEqual([...end, "Fourth."]);
});

const long = (word: string, count: number) =>
  Array.from({ length: count }, (_, n) => `${word} ${n + 1}.`).join("\n\n");

test("while a branch is switched, what the reader looks at stays where it is", async ({
  api,
  chat,
}) => {
  const model = await speaks(long("Before", 30), long("Tall", 60), "Short.", "The end.");
  const chatId = await api.newChat(model);
  await ask(api, chatId, "One");
  await ask(api, chatId, "Two");
  await chat.open(chatId);
  await again(chat.answer).click();
  await expect(chat.answer).toContainText("Short.");
  await chat.expectSettled();

  // The turn above is seen: it stays.
  const above = chat.questions.nth(1);
  await above.scrollIntoViewIfNeeded();
  const top = await restingTop(above);
  await previous(chat.answer).click();
  await expect(chat.answer).toContainText("Tall 60.");
  expect(Math.abs((await restingTop(above)) - top)).toBeLessThanOrEqual(1);

  // Of an answer that is taller than the view the buttons stay under the pointer, though nothing follows below.
  await chat.send("Three");
  await expect(chat.answer).toContainText("The end.");
  await chat.expectSettled();
  const tall = chat.answers.nth(1);
  await next(tall).evaluate((button) => button.scrollIntoView({ block: "center" }));
  const button = await restingTop(next(tall));
  await next(tall).click();
  await expect(chat.answer).toContainText("Short.");
  expect(Math.abs((await restingTop(previous(chat.answer))) - button)).toBeLessThanOrEqual(1);
  const start = await restingTop(chat.answer);
  await previous(chat.answer).click();
  await expect(chat.answers.nth(1)).toContainText("Tall 60.");
  expect(Math.abs((await restingTop(chat.answers.nth(1))) - start)).toBeLessThanOrEqual(1);
});

test("another tab follows the branch that is shown", async ({ api, chat, context }) => {
  const model = await speaks("Version one.", "Version two.");
  const chatId = await api.newChat(model);
  await ask(api, chatId, "One");
  await chat.open(chatId);
  const other = new ChatPage(await context.newPage());
  await other.open(chatId);
  await again(chat.answer).click();
  await expect(chat.answer).toContainText("Version two.");
  await expect(version(other.answer, "Version 2 of 2")).toBeVisible();
  await other.expectSettled();
  await previous(other.answer).click();
  await expect(other.answer).toContainText("Version one.");
  await expect(chat.answer).toContainText("Version one.");
  await expect(version(chat.answer, "Version 1 of 2")).toBeVisible();
});

test("a stale tab begins a branch, is told so, and overwrites nothing", async ({
  api,
  chat,
  page,
}) => {
  // Nothing that happens elsewhere reaches this tab.
  await page.routeWebSocket(/\/ws\//, () => {});
  const model = await speaks("First.", "Second.", "Unaware.");
  const chatId = await api.newChat(model);
  await ask(api, chatId, "One");
  await chat.open(chatId);
  await expect(chat.answer).toContainText("First.");
  // What a new connection fetches has come, too.
  await page.waitForLoadState("networkidle");
  await ask(api, chatId, "Two, from elsewhere");
  await expect(chat.questions).toHaveCount(1);

  await chat.send("Two, from a stale tab");
  await expect(page.getByText("This chat had gone on elsewhere.")).toBeVisible();
  await expect(version(chat.questions.nth(1), "Version 2 of 2")).toBeVisible();
  await expect(chat.answer).toContainText("Unaware.", { timeout: 30_000 });
  await previous(chat.questions.nth(1)).click();
  await expect(chat.questions.nth(1)).toContainText("Two, from elsewhere");
  await expect(chat.answer).toContainText("Second.");
});

const REFUSED = { status: 409, json: { code: "busy", detail: "Not now." } };

/** Refuses what the page asks for, as a server does; gives the way back. */
async function refuse(page: Page): Promise<() => Promise<void>> {
  const answer = (route: Route) =>
    route.request().method() === "POST" ? route.fulfill(REFUSED) : route.fallback();
  await page.route("**/api/**/messages/**", answer);
  return () => page.unroute("**/api/**/messages/**", answer);
}

test("a branch, an edit or a rest that is refused leaves no empty room behind", async ({
  api,
  chat,
  guard,
  page,
}) => {
  guard.allow(NETWORK_FAILURES);
  const model = await script([says(long("First", 40)), ...finish("length")], { times: 1 });
  await script([says(long("Second", 40)), ...finish("length")], { model, times: 1 });
  const chatId = await api.newChat(model);
  await ask(api, chatId, "One");
  await chat.open(chatId);
  await again(chat.answer)
    .or(chat.answer.getByRole("button", { name: "Try again" }))
    .click();
  await expect(chat.answer).toContainText("Second 40.");
  await chat.expectSettled();
  await page.reload();
  await refuse(page);

  const list = page.locator("[data-region]").filter({ has: chat.answer });
  await expect(chat.answer).toContainText("Second 40.");
  const before = await roomBelow(chat.answer);
  const tries: [string, (box: Locator) => Promise<void>][] = [
    ["Save & send", (box) => box.press("Enter")],
    ["Previous version", () => previous(chat.answer).click()],
    ["Continue", () => chat.answer.getByRole("button", { name: "Continue" }).click()],
  ];
  for (const [name, act] of tries) {
    const box = await startEditing(chat, chat.questions.first());
    await box.fill(long("Edited", 20));
    await list.evaluate((view) => view.scrollTo(0, view.scrollHeight));
    await restingTop(chat.answer);
    await act(box);
    await expect(page.getByText(/not now|not be shown|Not sent/i).first(), name).toBeVisible();
    await box.press("Escape");
    await expect(box).toBeHidden();
    await restingTop(chat.answer);
    expect(await roomBelow(chat.answer), name).toBe(before);
  }
});

test("a branch that was refused once moves nobody who looks elsewhere when it is shown", async ({
  api,
  chat,
  guard,
  page,
}) => {
  guard.allow(NETWORK_FAILURES);
  const model = await speaks(long("Before", 60), "Short.", long("Tall", 20));
  const chatId = await api.newChat(model);
  await ask(api, chatId, "One");
  await ask(api, chatId, "Two");
  const [, , , short] = await api.messages(chatId);
  await chat.open(chatId);
  await again(chat.answer).click();
  await expect(chat.answer).toContainText("Tall 20.");
  await chat.expectSettled();
  const allow = await refuse(page);
  await previous(chat.answer).click();
  await expect(chat.answer.getByRole("alert")).toBeVisible();
  await allow();

  const landmark = chat.answers.first().getByText("Before 10.", { exact: true });
  await chat.answer.hover();
  await page.mouse.wheel(0, -1);
  await landmark.evaluate((text) => text.scrollIntoView({ block: "center" }));
  const top = await restingTop(landmark);
  await api.call("POST", `/api/messages/${short?.id}/show/`);
  await expect(chat.answer).toContainText("Short.");
  expect(Math.abs((await restingTop(landmark)) - top)).toBeLessThanOrEqual(1);
});
