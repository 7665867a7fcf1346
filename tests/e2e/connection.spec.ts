import { ChatPage, textOf } from "./chat-page";
import { NETWORK_FAILURES } from "./guard";
import { Network } from "./network";
import { counts, requestsOf, script } from "./provider";
import { expect, test } from "./test";
import { watchCounting } from "./watch-counting";

test("a reload in mid-answer shows all that is kept at first, the rest at once, and goes on", async ({
  api,
  chat,
  page,
}) => {
  const seen = await watchCounting(page);
  const model = await script(counts(400, 20));
  const chatId = await api.newChat(model);
  await chat.open(chatId);
  await chat.send("Count");
  for (const reloadAt of [120, 240]) {
    await chat.expectCounted(reloadAt);
    // What is kept comes after what is shown, by less than a second.
    const kept = (await api.messages(chatId))[1]?.content.match(/\d+/g)?.length;
    const before = await chat.counted();
    await page.reload();
    await chat.expectCounted(before);
    const first = await seen.first();
    expect(first, "the first thing painted").toBeGreaterThanOrEqual(kept ?? before);
    expect(first, "a second of 50 numbers a second").toBeGreaterThanOrEqual(before - 50);
    // It goes on within two seconds.
    await chat.expectCounted((await chat.counted()) + 5, { timeout: 2_000 });
  }
  await chat.expectSettled();
  expect(await chat.counted()).toBe(400);
  seen.expectNoHoles();
  expect(await requestsOf(model)).toHaveLength(1);
});

test("a second browser, another chat and a closed one lose nothing", async ({
  api,
  chat,
  page,
  context,
}) => {
  const seen = await watchCounting(page);
  const model = await script(counts(400, 20));
  const chatId = await api.newChat(model, "Counting");
  await api.newChat(model, "Elsewhere");
  await chat.open(chatId);
  await chat.send("Count");
  await chat.expectCounted(40);

  const second = new ChatPage(await context.newPage());
  await second.open(chatId);
  await second.expectCounted(await chat.counted());

  await chat.row("Elsewhere").click();
  await expect(chat.answers).toHaveCount(0);
  await expect(chat.row("Counting").getByText("answering")).toBeAttached();
  await chat.row("Counting").click();
  await chat.expectCounted(60);

  await second.page.close();
  await page.close();
  await api.expectSettled(chatId);
  const third = new ChatPage(await context.newPage());
  await third.open(chatId);
  await third.expectSettled();
  expect(await third.counted()).toBe(400);
  seen.expectNoHoles();
});

// The numbers must outlast five cuts on a slow machine, too.
test("five cuts: says so, heals by itself, every number once", async ({
  api,
  guard,
  line,
  page,
  context,
  person: _,
}) => {
  test.slow();
  guard.allow(NETWORK_FAILURES);
  const seen = await watchCounting(page);
  const model = await script(counts(600, 12));
  const chatId = await api.newChat("demo-fast");
  const chat = new ChatPage(page, line.url);
  await chat.open(chatId);
  await chat.send("hello");
  await chat.expectSettled();
  const earlier = await textOf(chat.answer.locator(".ct-md"));
  await api.call("PATCH", `/api/chats/${chatId}/`, { model });
  await page.reload();

  await chat.send("Count");
  await chat.expectCounted(10);
  for (let cuts = 0; cuts < 5; cuts++) {
    await chat.expectCounted((await chat.counted()) + 5);
    line.cut();
    await context.setOffline(true);
    await expect(chat.offlineLine).toBeVisible();
    const shown = await chat.counted();
    // Three seconds of silence, measured by what the answer has become meanwhile.
    await expect
      .poll(async () => (await api.messages(chatId)).at(-1)?.content.split(" ").length, {
        timeout: 10_000,
      })
      .toBeGreaterThan(shown + 36);
    expect(await chat.counted()).toBeLessThan(shown + 36);
    line.mend();
    await context.setOffline(false);
    await chat.expectCounted(shown + 36, { timeout: 10_000 });
    await expect(chat.offlineLine).toBeHidden();
  }
  await chat.expectSettled({ timeout: 60_000 });
  expect(await chat.counted()).toBe(600);
  await expect(chat.answers).toHaveCount(2);
  expect(await textOf(chat.answers.first().locator(".ct-md"))).toBe(earlier);
  seen.expectNoHoles();
  expect(await requestsOf(model)).toHaveLength(1);
});

test("an answer that ends while the page is away is whole when it comes back", async ({
  api,
  guard,
  line,
  page,
  context,
  person: _,
}) => {
  guard.allow(NETWORK_FAILURES);
  const model = await script(counts(60, 20));
  const chatId = await api.newChat(model);
  const chat = new ChatPage(page, line.url);
  await chat.open(chatId);
  await chat.send("Count");
  await chat.expectCounted(10);
  line.cut();
  await context.setOffline(true);
  await api.expectSettled(chatId);
  line.mend();
  await context.setOffline(false);
  await chat.expectSettled();
  expect(await chat.counted()).toBe(60);
});

test("a half-open connection is noticed, and the text is healed meanwhile", async ({
  api,
  line,
  page,
  person: _,
}) => {
  const seen = await watchCounting(page);
  const model = await script(counts(200, 20));
  const chatId = await api.newChat(model);
  const chat = new ChatPage(page, line.url);
  await chat.open(chatId);
  await chat.send("Count");
  await chat.expectCounted(20);
  line.freeze();
  const shown = await chat.counted();
  // No event comes any more: the page asks by itself when a running answer falls silent.
  await chat.expectCounted(shown + 60, { timeout: 20_000 });
  await chat.expectSettled({ timeout: 45_000 });
  expect(await chat.counted()).toBe(200);
  seen.expectNoHoles();
});

test("a message written offline is kept and goes out when the network is back", async ({
  api,
  guard,
  line,
  page,
  context,
  person: _,
}) => {
  guard.allow(NETWORK_FAILURES);
  const model = await script(counts(5, 100));
  const chat = new ChatPage(page, line.url);
  await chat.open(await api.newChat(model));
  line.cut();
  await context.setOffline(true);
  await expect(chat.offlineLine).toBeVisible();
  await chat.send("Sent from a tunnel");
  await expect(chat.unsent).toContainText(/Sent from a tunnel.*Not sent yet/);
  line.mend();
  await context.setOffline(false);
  await expect(chat.offlineLine).toBeHidden();
  await expect(chat.questions).toHaveText(/Sent from a tunnel/);
  await chat.expectSettled();
  expect(await chat.counted()).toBe(5);
  await expect(chat.box).toHaveValue("");
  expect(await requestsOf(model)).toHaveLength(1);
});

// What a network lets through, and what the page makes of it.

test("without sockets the answer streams over HTTP, and the socket is taken as soon as it works", async ({
  api,
  chat,
  guard,
  page,
}) => {
  guard.allow(NETWORK_FAILURES);
  const seen = await watchCounting(page);
  const network = await Network.of(page);
  network.socket = "blocked";
  const model = await script(counts(600, 20));
  const chatId = await api.newChat(model);
  const stream = page.waitForResponse("**/api/events/");
  await chat.open(chatId);
  expect((await stream).status()).toBe(200);
  await chat.send("Count");
  await chat.expectCounted(40);
  expect(network.sockets).toBe(0);
  const fetched = network.fetched;
  await chat.expectCounted((await chat.counted()) + 200);
  // A page that only asked would have done so each two seconds, and shown less.
  expect(network.fetched, "messages fetched while events stream").toBeLessThan(fetched + 2);

  network.socket = "open";
  await page.evaluate(() => window.dispatchEvent(new Event("online")));
  await expect.poll(() => network.sockets, { timeout: 30_000 }).toBe(1);
  await network.expectStreamEnded();
  await chat.expectCounted((await chat.counted()) + 60);
  await chat.expectSettled({ timeout: 60_000 });
  expect(await chat.counted()).toBe(600);
  await expect(chat.answers).toHaveCount(1);
  seen.expectNoHoles();
});

test("without sockets and streams the page asks, and shows every number once", async ({
  api,
  chat,
  guard,
  page,
}) => {
  guard.allow(NETWORK_FAILURES);
  const seen = await watchCounting(page);
  const network = await Network.of(page);
  network.socket = network.stream = "blocked";
  const model = await script(counts(400, 40));
  const chatId = await api.newChat(model);
  const polled = page.waitForResponse("**/api/status/", { timeout: 60_000 });
  await chat.open(chatId);
  expect((await polled).status()).toBe(200);
  await chat.send("Count");
  for (let times = 0; times < 3; times++) await chat.expectCounted((await chat.counted()) + 20);
  await expect(chat.offlineLine).toBeHidden();
  const line = page.getByRole("status").filter({ hasText: "This network holds up live text" });
  await expect(line).toHaveCount(1);
  await chat.expectSettled({ timeout: 60_000 });
  expect(await chat.counted()).toBe(400);
  await expect(chat.answers).toHaveCount(1);
  expect(network.sockets).toBe(0);
  seen.expectNoHoles();

  network.socket = "open";
  await page.evaluate(() => window.dispatchEvent(new Event("online")));
  await expect(line).toHaveCount(0, { timeout: 30_000 });
});
