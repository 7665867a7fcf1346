import type { Route } from "@playwright/test";
import { counts, finish, requestsOf, says, script } from "./provider";
import { expect, openScripted, test } from "./test";

/** An answer that runs until it is stopped, then as many short ones as are asked for. */
async function openRunning({ api, chat }: Parameters<typeof openScripted>[0]) {
  const opened = await openScripted({ api, chat }, counts(1000, 20), { times: 1 });
  await script([says("Fine."), ...finish()], { model: opened.model });
  await chat.send("Count");
  await chat.expectCounted(3);
  return opened;
}

const asked = async (model: string) =>
  (await requestsOf(model))
    .at(-1)
    ?.body.messages.flatMap(({ role, content }) => (role === "user" ? [content] : []));

test("turns sent while an answer runs wait on the box, are edited and withdrawn, and go on after it", async ({
  api,
  chat,
  page,
  browser,
}) => {
  const { model, chatId } = await openRunning({ api, chat });
  for (const text of ["First", "Second", "Third"]) await chat.send(text);
  await expect(chat.cards).toHaveText(["First", "Second", "Third"]);
  await expect(chat.questions).toHaveCount(1);
  await expect(chat.box).toHaveValue("");
  // Beside stop only while there is something to send.
  const sendLater = page.getByRole("button", { name: "Send when the answer is done" });
  await expect(sendLater).toBeHidden();
  await chat.box.fill("Fourth");
  await expect(sendLater).toBeVisible();
  await chat.box.fill("");

  await chat.cards.nth(1).getByRole("button", { name: "Edit waiting message" }).click();
  const edit = page.getByRole("textbox", { name: "Edit your waiting message" });
  await edit.fill("Second, edited");
  await edit.press("Enter");
  await expect(chat.cards.nth(1)).toHaveText("Second, edited");
  await chat.cards.first().getByRole("button", { name: "Take back into the box" }).click();
  await expect(chat.cards).toHaveText(["Second, edited", "Third"]);
  await expect(chat.box).toHaveValue("First");
  await chat.box.fill("");

  // A second device, and then this one anew.
  const other = await browser.newContext({ storageState: await page.context().storageState() });
  const there = await other.newPage();
  await there.goto(`${new URL(page.url()).origin}/chats/${chatId}`);
  const cardsThere = there.getByRole("region", { name: "Sent when" }).getByRole("listitem");
  await expect(cardsThere).toHaveText(["Second, edited", "Third"]);
  await page.reload();
  await expect(chat.cards).toHaveText(["Second, edited", "Third"]);
  await cardsThere.nth(1).getByRole("button", { name: "Edit waiting message" }).click();
  await there.getByRole("textbox", { name: "Edit your waiting" }).fill("Three");
  await there.getByRole("button", { name: "Save" }).click();
  await expect(chat.cards).toHaveText(["Second, edited", "Three"]);
  await other.close();

  await chat.stopButton.click();
  await expect(chat.cards).toHaveCount(0);
  await chat.expectSettled();
  await expect(chat.questions).toHaveCount(3);
  await expect(chat.answers.first()).toContainText("Stopped.");
  expect(await asked(model)).toEqual(["Count", "Second, edited", "Three"]);
  expect((await api.messages(chatId)).map(({ status }) => status)).not.toContain("queued");
});

test("a turn that is withdrawn on another device goes here too", async ({
  api,
  chat,
  page,
  guard,
}) => {
  // The page may ask for it in the moment in which it goes.
  guard.allow(/404.*\/api\/messages\//);
  const { chatId } = await openRunning({ api, chat });
  await chat.send("First");
  await chat.send("Second");
  await expect(chat.cards).toHaveCount(2);
  const first = (await api.messages(chatId)).find(({ content }) => content === "First");
  await api.call("DELETE", `/api/messages/${first?.id}/`);
  await expect(chat.cards).toHaveText(["Second"]);
  await page.reload();
  await expect(chat.cards).toHaveText(["Second"]);
  await chat.cards.getByRole("button", { name: "Take back into the box" }).click();
  await expect(chat.cards).toHaveCount(0);
  await chat.stopButton.click();
  await chat.expectSettled();
  expect(await api.messages(chatId)).toHaveLength(2);
});

test("what is written into a card is not lost when its turn comes", async ({ api, chat, page }) => {
  await openRunning({ api, chat });
  await chat.send("First");
  await expect(page.getByRole("button", { name: "Edit waiting message" })).toBeVisible();
  await chat.box.press("ArrowUp");
  await page.getByRole("textbox", { name: "Edit your waiting message" }).fill("Late");
  await chat.stopButton.click();
  await expect(chat.questions).toHaveText([/Count/, /First/]);
  await expect(chat.box).toHaveValue("Late");
});

test("a waiting turn is found again after the session has ended", async ({
  api,
  chat,
  page,
  person,
}) => {
  await openRunning({ api, chat });
  await chat.send("First");
  await expect(chat.cards).toHaveText(["First"]);
  await page.context().clearCookies();
  await page.reload();
  await page.getByLabel("Email").fill(person.email);
  await page.getByLabel("Password").fill(person.password);
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(chat.cards).toHaveText(["First"]);
});

test("Up never edits another turn than the last one, which may be on its way", async ({
  api,
  chat,
  page,
  guard,
}) => {
  guard.allow(/Failed to load resource|ERR_FAILED/);
  await openRunning({ api, chat });
  const edits = page.getByRole("textbox", { name: /^Edit your/ });
  const held: Route[] = [];
  await page.route("**/api/chats/*/messages/", (route) => void held.push(route), { times: 1 });
  await chat.send("First");
  await expect(chat.unsent).toHaveText("First");
  await chat.box.press("ArrowUp");
  await expect.poll(() => held.length).toBe(1);
  await expect(edits).toHaveCount(0);
  await expect(chat.box).toBeFocused();

  await page.route("**/api/chats/*/messages/", (route) =>
    route.request().method() === "POST" ? route.abort() : route.continue(),
  );
  await held[0]?.abort();
  await expect(chat.unsent).toContainText("Not sent yet");
  await chat.box.press("ArrowUp");
  await expect(chat.box).toHaveValue("First");
  await expect(chat.unsent).toHaveCount(0);
  await expect(edits).toHaveCount(0);
});
