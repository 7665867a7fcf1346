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

test("Esc stops", async ({ api, chat, page }) => {
  const { model } = await openScripted({ api, chat }, counts(1000, 20));
  await chat.send("Count");
  await chat.expectCounted(3);
  await page.keyboard.press("Escape");
  await chat.expectNotice("Stopped.");
  await expectClosedByClient(model, { within: 2_000 });
});
