import { ChatPage, textOf } from "./chat-page";
import { finish, requestsOf, says, script } from "./provider";
import { expect, openScripted, test } from "./test";

test("a person signs up, asks, reads, tidies up, leaves and finds all again", async ({
  page,
  stranger,
  context,
}) => {
  const chat = new ChatPage(page);
  await page.goto("/");
  await expect(page).toHaveURL(/\/login/);
  await page.getByRole("link", { name: "Sign up" }).click();
  await page.getByLabel("Email").fill(stranger.email);
  await page.getByLabel("Password").fill(stranger.password);
  await page.getByRole("button", { name: "Sign up" }).click();

  await expect(page.getByText("What would you like to know?")).toBeVisible();
  await expect(chat.sidebar.getByText("No chats yet.")).toBeVisible();
  await expect(chat.box).toBeFocused();

  const question = "Write a Python function that reads a file, please.";
  await chat.send(question);
  await expect(chat.questions).toHaveText(new RegExp(question));
  await expect(page).toHaveURL(/\/chats\/[0-9a-f-]{36}$/);
  await expect(chat.box).toHaveValue("");
  await expect(chat.box).toBeFocused();
  await expect(chat.stopButton).toBeVisible();

  // It streams: more is there later than at first, while it still runs.
  await expect.poll(async () => (await textOf(chat.answer)).length).toBeGreaterThan(60);
  const early = (await textOf(chat.answer)).length;
  await expect(chat.answer).toHaveAttribute("aria-busy", "true");
  await expect.poll(async () => (await textOf(chat.answer)).length).toBeGreaterThan(early + 60);

  const second = new ChatPage(await context.newPage());
  await second.page.goto(page.url());
  await expect(second.answer).toContainText(
    (await textOf(chat.answer.locator("p").first())).slice(0, 40),
  );

  await chat.expectSettled();
  await second.expectSettled();
  await expect(chat.answer.locator("pre code span").nth(3)).toBeVisible();
  await expect(chat.answer.locator("pre").first()).toContainText("def ");
  await expect(chat.answer).not.toContainText("```");
  const whole = await chat.answer.innerHTML();
  const words = await textOf(chat.answer);
  expect(await textOf(second.answer)).toBe(words);

  await page.reload();
  await chat.expectSettled();
  await expect(chat.answer.locator("pre code span").nth(3)).toBeVisible();
  expect(await textOf(chat.answer)).toBe(words);
  expect(whole.length).toBeGreaterThan(words.length);

  // Rename, in both tabs.
  const row = chat.sidebar.getByRole("listitem").first();
  await row.hover();
  await row.getByRole("button", { name: /^Actions for/ }).click();
  await page.getByRole("menuitem", { name: "Rename" }).click();
  await page.getByLabel("Title of the chat").fill("Reading files");
  await page.getByLabel("Title of the chat").press("Enter");
  await expect(chat.row("Reading files")).toBeVisible();
  await expect(second.row("Reading files")).toBeVisible();

  // Leave and come back.
  await chat.sidebar
    .getByRole("button", { name: stranger.email })
    .or(chat.sidebar.getByRole("button", { name: "Account" }))
    .first()
    .click();
  await page.getByRole("menuitem", { name: "Log out" }).click();
  await expect(page).toHaveURL(/\/login/);
  await expect(second.page).toHaveURL(/\/login/);
  await second.page.close();
  await page.getByLabel("Email").fill(stranger.email);
  await page.getByLabel("Password").fill(stranger.password);
  await page.getByRole("button", { name: "Log in" }).click();
  await chat.row("Reading files").click();
  await expect(chat.questions).toHaveText(new RegExp(question));
  await expect(chat.answer.locator("pre code span").nth(3)).toBeVisible();
  expect(await textOf(chat.answer)).toBe(words);

  // Delete, after a question.
  await row.hover();
  await row.getByRole("button", { name: /^Actions for/ }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  const dialog = page.getByRole("alertdialog");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(dialog).toBeHidden();
  await expect(chat.row("Reading files")).toBeVisible();
  await row.hover();
  await row.getByRole("button", { name: /^Actions for/ }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await dialog.getByRole("button", { name: "Delete" }).click();
  await expect(chat.row("Reading files")).toBeHidden();
  await expect(page).toHaveURL(/\/$/);
  await expect(page.getByText("What would you like to know?")).toBeVisible();
});

test("an example can be chosen and changed before it is sent", async ({ chat, page }) => {
  await chat.open();
  await page.getByRole("button", { name: /^Compare three ways/ }).click();
  await expect(chat.box).toHaveValue(/^Compare three ways/);
  await expect(chat.questions).toHaveCount(0);
});

test("another answer takes the place of the first", async ({ api, chat, page }) => {
  const { model } = await openScripted({ api, chat }, [says("First thoughts."), ...finish()], {
    times: 1,
  });
  await script([says("Second thoughts."), ...finish()], { model });
  await chat.send("Think.");
  await expect(chat.answer).toContainText("First thoughts.");
  await chat.expectSettled();
  await chat.answer.getByRole("button", { name: "Answer again", exact: true }).click();
  await expect(chat.answer).toContainText("Second thoughts.");
  await chat.expectSettled();
  await expect(chat.answers).toHaveCount(1);
  await page.reload();
  await expect(chat.answer).toContainText("Second thoughts.");
  await expect(chat.answers).toHaveCount(1);
  expect(await requestsOf(model)).toHaveLength(2);
});

test("the chosen model answers, and stays chosen", async ({ chat, page }) => {
  await chat.open();
  await page.getByRole("button", { name: /^Model:/ }).click();
  await page.getByRole("menuitemradio", { name: "demo-fast" }).click();
  await chat.send("hello");
  await expect(page.getByRole("article", { name: "Answer by demo-fast" })).toBeVisible();
  await chat.expectSettled();
  await page.reload();
  await expect(page.getByRole("button", { name: "Model: demo-fast" })).toBeVisible();
});

test("reasoning is kept apart from the answer", async ({ api, chat }) => {
  await chat.open(await api.newChat("demo-reasoning"));
  await chat.send("hello");
  await chat.expectSettled();
  const thoughts = chat.answer.getByText(/^Thought for /);
  await expect(chat.answer.getByText("What would help most?")).toBeHidden();
  await thoughts.click();
  await expect(chat.answer.getByText("What would help most?")).toBeVisible();
});
