import { textOf } from "./chat-page";
import { DONE, error, finish, reasons, requestsOf, type Step, says, script } from "./provider";
import { expect, openScripted, test } from "./test";

const body = (message: string, code: string): Step[] => [
  { text: JSON.stringify({ error: { message, type: "error", param: null, code } }) },
];

/** What the provider does, and what stays of the answer. */
const failures: Record<string, { steps: Step[]; status?: number; keeps?: string }> = {
  "an error inside the stream": {
    steps: [says("Half an ans"), error("engine crashed"), { close: true }],
    keeps: "Half an ans",
  },
  "an error inside the stream that ends well": {
    steps: [says("Half an ans"), error("engine crashed"), DONE],
    keeps: "Half an ans",
  },
  "an error as the first event": { steps: [error("engine crashed"), DONE] },
  "a stream that just ends": { steps: [says("One "), says("two ")], keeps: "One two" },
  "a reset in mid-event": {
    steps: [
      says("One "),
      says("two "),
      { text: 'data: {"choices":[{"ind' },
      { delay: 0.05 },
      { reset: true },
    ],
    keeps: "One two",
  },
  "a refused key": { steps: body("Incorrect API key provided.", "invalid_api_key"), status: 401 },
  "an unknown model": { steps: body("The model does not exist.", "model_not_found"), status: 404 },
  "a request that is refused": { steps: body("Too long.", "context_length_exceeded"), status: 400 },
  "a limit on requests": { steps: body("Slow down.", "rate_limit_exceeded"), status: 429 },
  "a broken provider": { steps: body("Oops.", "server_error"), status: 500 },
};

for (const [name, { steps, status, keeps }] of Object.entries(failures))
  test(`${name}: says so, keeps the text, and another try works`, async ({ api, chat, page }) => {
    const { model } = await openScripted({ api, chat }, steps, { status });
    await chat.send("A question");
    await chat.expectNotice("The answer failed.", { timeout: 25_000 });
    if (keeps) await expect(chat.answer).toContainText(keeps);
    const detail = await textOf(chat.answer.locator("p", { hasText: "The answer failed." }));
    expect(detail.length).toBeGreaterThan("The answer failed. ".length + 10);
    expect((await requestsOf(model)).length).toBeLessThanOrEqual(keeps ? 1 : 3);

    await page.reload();
    await chat.expectNotice("The answer failed.");

    await script([says("Now it works."), ...finish()], { model });
    await chat.answer.getByRole("button", { name: "Try again" }).click();
    await expect(chat.answer).toContainText("Now it works.");
    await chat.expectSettled();
    await expect(chat.answers).toHaveCount(1);
    await expect(chat.answer).not.toContainText("The answer failed.");

    // The next turn's history holds neither the failure nor an empty message.
    await chat.send("And now?");
    await expect(chat.answers).toHaveCount(2);
    await chat.expectSettled();
    const messages = (await requestsOf(model)).at(-1)?.body.messages;
    expect(messages?.map(({ content }) => content)).toEqual([
      "A question",
      "Now it works.",
      "And now?",
    ]);
  });

test("a busy provider is asked again when it says, and the page tells when", async ({
  api,
  chat,
}) => {
  const busy = body("Slow down.", "rate_limit_exceeded");
  const headers = { "retry-after": "5" };
  const { model } = await openScripted({ api, chat }, busy, { status: 429, headers, times: 1 });
  await script([says("Now it works."), ...finish()], { model });
  await chat.send("A question");
  await expect(chat.answer.getByText(/Trying again at .*\d/)).toBeVisible();
  await expect(chat.answer).toContainText("Now it works.", { timeout: 30_000 });
  await chat.expectSettled();
  await expect(chat.answer).not.toContainText("Trying again");
  expect(await requestsOf(model)).toHaveLength(2);
});

test("the wait for a busy provider survives a reload and can be stopped", async ({
  api,
  chat,
  page,
}) => {
  const busy = body("Slow down.", "rate_limit_exceeded");
  const headers = { "retry-after": "25" };
  const { model } = await openScripted({ api, chat }, busy, { status: 429, headers });
  await chat.send("A question");
  await expect(chat.answer.getByText(/Trying again at/)).toBeVisible();
  await page.reload();
  await expect(chat.answer.getByText(/Trying again at/)).toBeVisible();
  await chat.stopButton.click();
  await chat.expectNotice("Stopped.");
  expect(await requestsOf(model)).toHaveLength(1);
});

/** Ends that are no failure, but not a whole answer either. */
const endings: Record<string, { steps: Step[]; notice: string; keeps?: string }> = {
  "cut at the limit": {
    steps: [says("The first reason is"), ...finish("length")],
    notice: "The answer was cut short.",
    keeps: "The first reason is",
  },
  "nothing but thoughts up to the limit": {
    steps: [reasons("Let me think"), ...finish("length")],
    notice: "The answer was cut short.",
  },
  "held back by a filter": {
    steps: [...finish("content_filter")],
    notice: "The answer was held back.",
  },
  "a wish for a tool": {
    steps: [
      {
        text: `data: ${JSON.stringify({ choices: [{ index: 0, delta: { tool_calls: [{ index: 0, id: "c", type: "function", function: { name: "look", arguments: "{}" } }] }, finish_reason: null }] })}\n\n`,
      },
      ...finish("tool_calls"),
    ],
    notice: "The model asked for a tool.",
  },
  "no text at all": { steps: [...finish()], notice: "No answer came." },
};

for (const [name, { steps, notice, keeps }] of Object.entries(endings))
  test(`${name}: has a notice that survives a reload, and a way on`, async ({
    api,
    chat,
    page,
  }) => {
    const { model } = await openScripted({ api, chat }, steps);
    await chat.send("A question");
    await chat.expectNotice(notice);
    await page.reload();
    await chat.expectNotice(notice);
    if (keeps) await expect(chat.answer).toContainText(keeps);

    await script([says("The whole of it."), ...finish()], { model });
    await chat.answer.getByRole("button", { name: "Try again" }).click();
    await expect(chat.answer).toContainText("The whole of it.");
    await chat.expectSettled();
    await expect(chat.answer).not.toContainText(notice);
  });

const complete: Record<string, Step[]> = {
  "no [DONE] after the end": [says("One "), says("two"), finish()[0] as Step, { close: true }],
  "[DONE] without a reason": [says("One "), says("two"), DONE],
  "an unknown reason": [says("One "), says("two"), ...finish("eos_token")],
  "a socket that stays open": [says("One "), says("two"), ...finish(), { hang: true }],
};

for (const [name, steps] of Object.entries(complete))
  test(`${name}: is a whole answer`, async ({ api, chat }) => {
    await openScripted({ api, chat }, steps);
    await chat.send("A question");
    await expect(chat.answer).toContainText("One two");
    await chat.expectSettled({ timeout: 12_000 });
    await expect(chat.answer.getByRole("button", { name: "Try again" })).toBeHidden();
  });

test("a character cut between network reads is whole on the page", async ({ api, chat, page }) => {
  const content = "日本語 naïve 🦀 👩‍👩‍👧";
  const [{ text }] = [says(content)] as [{ text: string }];
  const bytes = [
    ...Buffer.from(
      text +
        finish()
          .map((step) => (step as { text: string }).text)
          .join(""),
    ),
  ];
  const steps = bytes.flatMap((byte) => [
    { base64: Buffer.from([byte]).toString("base64") },
    { delay: 0.001 },
  ]) as unknown as Step[];
  const { chatId } = await openScripted({ api, chat }, steps);
  await chat.send("Cut it");
  await chat.expectSettled();
  await expect(chat.answer.locator("p").first()).toHaveText(content);
  expect((await api.messages(chatId))[1]?.content).toBe(content);
  await page.reload();
  await expect(chat.answer.locator("p").first()).toHaveText(content);
});

test("a piece of 200 kB and a line of 100,000 characters are whole on the page", async ({
  api,
  chat,
  page,
}) => {
  test.slow();
  const line = "0123456789".repeat(10_000);
  const words = Array.from({ length: 20_000 }, (_, at) => `word ${at}`).join(" ");
  const { chatId } = await openScripted({ api, chat }, [
    says(words),
    says(`\n\n${line}`),
    ...finish(),
  ]);
  await chat.send("At once");
  await chat.expectSettled();
  // What is longer than a piece stands in several elements.
  const shown = async () =>
    (await textOf(chat.answer.locator(".ct-md"))).replaceAll(/\s/g, "") === whole;
  const whole = (words + line).replaceAll(/\s/g, "");
  await expect.poll(shown, { timeout: 30_000 }).toBe(true);
  expect((await api.messages(chatId))[1]?.content).toBe(`${words}\n\n${line}`);
  await page.reload();
  await expect.poll(shown, { timeout: 30_000 }).toBe(true);
});
