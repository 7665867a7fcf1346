import type { Route } from "@playwright/test";
import { finish, requestsOf, says, script } from "./provider";
import { expect, openScripted, test } from "./test";
import { restingTop, roomBelow } from "./watch";

const answers = [says("Fine."), ...finish()];

test("what was sent without a network waits, outlives the tab, and goes once it is there", async ({
  api,
  chat,
  guard,
  page,
  context,
}) => {
  guard.allow(/ERR_INTERNET_DISCONNECTED|ERR_FAILED|Failed to load resource/);
  const { chatId, model } = await openScripted({ api, chat }, answers);
  await page.route("**/api/chats/*/messages/", (route) =>
    route.request().method() === "POST" ? route.abort() : route.continue(),
  );
  await chat.send("First");
  await expect(chat.unsent).toContainText(/First.*Not sent yet/);
  await expect(chat.box).toHaveValue("");
  await chat.send("Second");
  await chat.send("Third");
  await expect(chat.unsent).toHaveCount(3);
  await chat.unsent.nth(1).getByRole("button", { name: "Take back into the box" }).click();
  await expect(chat.box).toHaveValue("Second");
  await expect(chat.unsent).toHaveCount(2);
  await page.close();

  const again = await context.newPage();
  await again.goto(`/chats/${chatId}`);
  await expect(again.getByRole("article", { name: "You", exact: true })).toHaveText([
    /First/,
    /Third/,
  ]);
  await expect(again.getByRole("textbox", { name: "Message", exact: true })).toHaveValue("Second");
  // The third goes once the server has the first, whose answer may have ended by then.
  await expect
    .poll(async () => (await api.messages(chatId)).map(({ content }) => content))
    .toEqual(["First", "Fine.", "Third", "Fine."]);
  await api.expectSettled(chatId);
  expect(await requestsOf(model)).toHaveLength(2);
});

test("what could not be sent goes on after signing in again, and is gone after logging out", async ({
  api,
  chat,
  guard,
  page,
  context,
  person,
}) => {
  guard.allow(/Failed to load resource|ERR_FAILED/);
  const { chatId } = await openScripted({ api, chat }, answers);
  // It ends just before the turn is sent, so that the page cannot have noticed it yet.
  await page.route(
    "**/messages/",
    async (route) => {
      await context.clearCookies({ name: "sessionid" });
      await route.continue();
    },
    { times: 1 },
  );
  await chat.box.fill("Still here");
  await chat.box.press("Enter");
  await page.getByLabel("Email").fill(person.email);
  await page.getByLabel("Password").fill(person.password);
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(chat.questions).toHaveText([/Still here/]);
  await chat.expectSettled();
  expect(await api.messages(chatId)).toHaveLength(2);

  await page.route("**/api/chats/*/messages/", (route) =>
    route.request().method() === "POST" ? route.abort() : route.continue(),
  );
  await chat.send("Not for others");
  await expect(chat.unsent).toHaveCount(1);
  await chat.box.fill(`A secret draft ${"x".repeat(120_000)}`);
  const other = await context.newPage();
  await other.goto(`/chats/${chatId}`);
  await other.getByRole("textbox", { name: "Message", exact: true }).fill("Nor this");
  await page.getByRole("button", { name: /^Account/ }).click();
  await page.getByRole("menuitem", { name: "Log out" }).click();
  await expect(page.getByRole("button", { name: "Log in" })).toBeVisible();
  await expect(other.getByRole("button", { name: "Log in" })).toBeVisible();
  const kept = () =>
    page.evaluate(async () => {
      const open = indexedDB.open("keyval-store");
      const rows = await new Promise<unknown[]>((resolve) => {
        open.onsuccess = () => {
          const all = open.result.transaction("keyval").objectStore("keyval").getAll();
          all.onsuccess = () => resolve(all.result);
        };
      });
      return JSON.stringify([Object.entries(localStorage), rows]);
    });
  await expect.poll(kept).not.toMatch(/secret|others|Nor this/);
});

test("a large draft outlives the tab", async ({ api, chat, page }) => {
  await openScripted({ api, chat }, answers);
  const text = "word ".repeat(40_000);
  await chat.box.fill(text);
  await page.reload();
  await expect(page.getByText("Long text, 200,000 characters")).toBeVisible();
  await page.getByRole("button", { name: "Edit the long text in the box" }).click();
  expect(await chat.box.inputValue()).toBe(text);
});

const lines = (count: number) => Array.from({ length: count }, (_, n) => `Line ${n}.`).join("\n\n");

test("a turn that is refused leaves no room, and the end in view; sent again it is seen", async ({
  api,
  chat,
  guard,
  page,
}) => {
  guard.allow(/Failed to load resource/);
  await chat.open(await api.chatOf(["Write", lines(60)]));
  const lastLine = chat.answer.getByText("Line 59.", { exact: true });
  await expect(lastLine).toBeInViewport();
  const before = await roomBelow(chat.answer);
  const refuse = async (route: Route) => {
    if (route.request().method() !== "POST") return route.fallback();
    await expect(chat.questions).toHaveCount(2);
    await route.fulfill({ status: 409, json: { code: "busy", detail: "Not now." } });
  };
  await page.route("**/api/chats/*/messages/", refuse);
  const text = "One\nTwo\nThree\nFour\nFive\nSix";
  await chat.send(text);
  await expect(page.getByText("Not now.")).toBeVisible();
  await expect(chat.box).toHaveValue(text);
  await expect(chat.questions).toHaveCount(1);
  await restingTop(lastLine);
  expect(await roomBelow(chat.answer)).toBe(before);
  await expect(lastLine).toBeInViewport({ ratio: 1 });
  await chat.box.fill(`${text}\nSeven\nEight`);
  await restingTop(lastLine);
  await expect(lastLine).toBeInViewport({ ratio: 1 });
  await chat.box.fill(text);

  await page.unroute("**/api/chats/*/messages/", refuse);
  await chat.answer.hover();
  await page.mouse.wheel(0, -2_000);
  await expect(chat.questions.first()).toBeInViewport();
  await chat.box.press("Enter");
  await expect(chat.questions).toHaveCount(2);
  await expect(chat.questions.last()).toBeInViewport();
});

test("a turn that is sent late is anchored, but pulls nobody back who reads above", async ({
  api,
  chat,
  guard,
  page,
}) => {
  guard.allow(/ERR_FAILED|Failed to load resource/);
  const chatId = await api.newChat(await script([says(lines(60)), ...finish()]));
  await chat.open(chatId);
  const sendLate = async (whileWaiting = async () => {}) => {
    const before = await chat.questions.count();
    const fail = (route: Route) =>
      route.request().method() === "POST" ? route.abort() : route.fallback();
    await page.route("**/api/chats/*/messages/", fail);
    await chat.send("Write");
    await expect(chat.unsent).toContainText("Not sent yet");
    await whileWaiting();
    await page.unroute("**/api/chats/*/messages/", fail);
    await expect(chat.questions).toHaveCount(before + 1, { timeout: 30_000 });
    await expect(chat.answer).toContainText("Line 59.");
    await chat.expectSettled();
  };
  await api.call("POST", `/api/chats/${chatId}/messages/`, { content: "Write" });
  await expect(chat.answer).toContainText("Line 59.");
  await chat.expectSettled();
  await sendLate();
  await expect(chat.questions.last()).toBeInViewport({ ratio: 1 });

  let top = Number.NaN;
  await sendLate(async () => {
    await chat.answer.hover();
    await page.mouse.wheel(0, -500);
    top = await restingTop(chat.questions.first());
  });
  expect(await restingTop(chat.questions.first())).toBe(top);
});
