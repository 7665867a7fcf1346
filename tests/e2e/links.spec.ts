import { ChatPage } from "./chat-page";
import { finish, says, script } from "./provider";
import { type Api, expect, test } from "./test";

interface Stored {
  id: string;
  role: string;
  content: string;
}

/** A chat of so many turns, each with a short answer. */
async function longChat(api: Api, turns: number): Promise<string> {
  const model = await script([says("An answer.\n\nOf two paragraphs."), ...finish()]);
  const chatId = await api.newChat(model);
  for (let turn = 1; turn <= turns; turn++)
    await api.call("POST", `/api/chats/${chatId}/messages/`, { content: `Question ${turn}` });
  await api.expectSettled(chatId);
  return chatId;
}

async function stored(api: Api, chatId: string, before?: string): Promise<Stored[]> {
  const query = before ? `?limit=100&before=${before}` : "?limit=100";
  return (await api.call("GET", `/api/chats/${chatId}/messages/${query}`)).results;
}

const latest = (chat: ChatPage) =>
  chat.page.getByRole("button", { name: "Go to the latest message" });
const question = (chat: ChatPage, number: number) =>
  chat.questions.filter({ has: chat.page.getByText(`Question ${number}`, { exact: true }) });
/** How far the question lies below the top of the transcript's view. */
const underTop = (chat: ChatPage, number: number) =>
  question(chat, number).evaluate((element) => {
    let view = element.parentElement;
    while (view && !/auto|scroll/.test(getComputedStyle(view).overflowY)) view = view.parentElement;
    return element.getBoundingClientRect().top - (view?.getBoundingClientRect().top ?? Number.NaN);
  });

test("a link opens the chat around its message, and the rest comes as the reader goes on", async ({
  api,
  chat,
  page,
}) => {
  test.slow();
  const chatId = await longChat(api, 60);
  const target = (await stored(api, chatId)).find(({ content }) => content === "Question 20");
  await page.goto(`/chats/${chatId}?message=${target?.id}`);
  await expect(question(chat, 20)).toBeVisible();
  await expect.poll(() => underTop(chat, 20)).toBeCloseTo(16, 0);
  await expect(page.locator("[aria-current=true]")).toContainText("Question 20");
  await expect(question(chat, 60)).not.toBeInViewport();
  await expect(latest(chat)).toBeVisible();

  await question(chat, 20).hover();
  await expect
    .poll(async () => {
      await page.mouse.wheel(0, 700);
      return question(chat, 60).isVisible();
    })
    .toBe(true);
  await expect
    .poll(async () => {
      await page.mouse.wheel(0, -2_000);
      return question(chat, 1).isVisible();
    })
    .toBe(true);
});

test("from a message that a link leads to, the pill goes to the end, and a turn is sent there", async ({
  api,
  chat,
  page,
}) => {
  test.slow();
  const chatId = await longChat(api, 60);
  const all = await stored(api, chatId);
  const target = all.find(({ content }) => content === "Question 20");
  const end = all.find(({ content }) => content === "Question 60");
  // The room below the last turn is nothing to go to.
  await page.goto(`/chats/${chatId}?message=${end?.id}`);
  await expect.poll(() => underTop(chat, 60)).toBeCloseTo(16, 0);
  await question(chat, 60).hover();
  await expect
    .poll(async () => {
      await page.mouse.wheel(0, -60);
      // Until the list has come to rest, at a place that it may have set anew.
      await page.evaluate(async () => {
        for (let frames = 0; frames < 30; frames++) await new Promise(requestAnimationFrame);
      });
      return underTop(chat, 60);
    })
    .toBeGreaterThan(60);
  await expect(latest(chat)).toBeHidden();

  await page.goto(`/chats/${chatId}?message=${target?.id}`);
  await expect.poll(() => underTop(chat, 20)).toBeCloseTo(16, 0);
  await latest(chat).click();
  await expect(question(chat, 60)).toBeInViewport();
  await expect(latest(chat)).toBeHidden();
  expect(new URL(page.url()).search).toBe("");

  await page.goto(`/chats/${chatId}?message=${target?.id}`);
  await expect.poll(() => underTop(chat, 20)).toBeCloseTo(16, 0);
  await chat.send("Question 61");
  await expect(question(chat, 61)).toBeInViewport();
  await chat.expectSettled();
  await expect(page.getByText("This chat had gone on elsewhere.")).toHaveCount(0);
  const [last] = (await stored(api, chatId)).filter(({ role }) => role === "user").slice(-1);
  expect(last?.content).toBe("Question 61");
});

test("a turn gives its link, which leads to it in another tab, also on another branch", async ({
  api,
  chat,
  guard,
  page,
  context,
}) => {
  // The browser's own line about a place that is not on the path that is shown.
  guard.allow(/Failed to load resource.*400/);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const model = await script([says("First."), ...finish()], { times: 1 });
  await script([says("Second."), ...finish()], { model, times: 1 });
  await script([says("Second, otherwise."), ...finish()], { model });
  const chatId = await api.newChat(model);
  for (const content of ["One", "Two"]) {
    await api.call("POST", `/api/chats/${chatId}/messages/`, { content });
    await api.expectSettled(chatId);
  }
  await chat.open(chatId);
  await chat.answer.getByRole("button", { name: "Copy link" }).click();
  await expect(chat.answer.getByRole("button", { name: "Copied" })).toBeVisible();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  await chat.answer.getByRole("button", { name: "Answer again", exact: true }).click();
  await expect(chat.answer).toContainText("Second, otherwise.");
  await chat.expectSettled();

  const other = new ChatPage(await context.newPage());
  await other.page.goto(link);
  await expect(other.answer).toHaveText(/^(?!.*otherwise).*Second\./);
  await expect(other.answer.getByRole("group", { name: "Version 1 of 2" })).toBeVisible();
  await expect(other.page.locator("[aria-current=true]")).toContainText("Second.");
  await expect(chat.answer).toHaveText(/^(?!.*otherwise).*Second\./);
});

for (const kind of ["unknown", "another chat's", "nonsense"])
  test(`a link to a message that is ${kind} says so, and opens the end of the chat`, async ({
    api,
    chat,
    guard,
    page,
  }) => {
    guard.allow(/Failed to load resource.*(400|404)/);
    const chatId = await longChat(api, 2);
    const elsewhere = await longChat(api, 1);
    const [strange] = await stored(api, elsewhere);
    const ids: Record<string, string | undefined> = {
      unknown: "01900000-0000-7000-8000-000000000000",
      "another chat's": strange?.id,
      nonsense: "nonsense",
    };
    await page.goto(`/chats/${chatId}?message=${ids[kind]}`);
    await expect(page.getByText("The message that the link leads to is not here.")).toBeVisible();
    await expect(question(chat, 2)).toBeInViewport();
    await expect(chat.box).toBeVisible();
  });
