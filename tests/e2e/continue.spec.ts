import type { ChatPage } from "./chat-page";
import { counts, finish, requestsOf, says, script } from "./provider";
import { expect, openScripted, test } from "./test";
import { restingTop } from "./watch";

const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, n) => `Line ${from + n}.`).join("\n\n");
const goOn = (chat: ChatPage) => chat.answer.getByRole("button", { name: "Continue" });
const asked = async (model: string) =>
  (await requestsOf(model)).at(-1)?.body.messages.map(({ content }) => content);

test("an answer cut at its limit goes on where it ended, and both versions are there", async ({
  api,
  chat,
  page,
}) => {
  const { model } = await openScripted({ api, chat }, [says("One, two, "), ...finish("length")], {
    times: 1,
  });
  await script([says("three, four."), ...finish()], { model });
  await chat.send("Count to four");
  await chat.expectNotice("The answer was cut short.");
  await goOn(chat).click();
  await expect(chat.answer).toContainText("One, two, three, four.");
  await chat.expectSettled();
  await expect(chat.answers).toHaveCount(1);
  await expect(chat.answer).not.toContainText("cut short");
  expect((await asked(model))?.slice(0, 2)).toEqual(["Count to four", "One, two, "]);

  await page.reload();
  await expect(chat.answer).toContainText("One, two, three, four.");
  await chat.answer.getByRole("button", { name: "Previous version" }).click();
  await expect(chat.answer).toContainText("cut short");
  await expect(chat.answer).not.toContainText("three");
});

for (const [name, key] of [
  ["Continue", "Enter"],
  ["Try again", " "],
] as const)
  test(`the focus goes on from “${name}” in the answer that comes`, async ({ api, chat, page }) => {
    const { model } = await openScripted({ api, chat }, [says("One, two, "), ...finish("length")], {
      times: 1,
    });
    const slow = Array.from({ length: 10 }, () => [says("three. "), { delay: 0.1 }]).flat();
    await script([...slow, ...finish()], { model });
    await chat.send("Count");
    await chat.expectNotice("The answer was cut short.");
    await chat.answer.getByRole("button", { name }).press(key);
    await expect(chat.answer).toContainText("three.");
    await expect(chat.answer).toBeFocused();
    await chat.expectSettled();
    await expect(chat.answer).toBeFocused();
    await page.keyboard.press("Tab");
    await expect(chat.answer.getByRole("button", { name: "Previous version" })).toBeFocused();
  });

test("a stopped answer goes on without a hole or a repeat, while the reader looks on", async ({
  api,
  chat,
}) => {
  const { model } = await openScripted({ api, chat }, counts(1000, 20), { times: 1 });
  await chat.send("Count");
  await chat.expectCounted(5);
  await chat.stopButton.click();
  await chat.expectNotice("Stopped.");
  const kept = await chat.counted();
  const rest = Array.from({ length: 40 }, (_, n) => [says(`${kept + n + 1} `), { delay: 0.02 }]);
  await script([...rest.flat(), ...finish()], { model });
  await goOn(chat).click();
  await chat.expectCounted(kept + 3);
  await chat.expectSettled();
  expect(await chat.counted()).toBe(kept + 40);
});

test("what the reader looks at stays where it is while the answer goes on", async ({
  api,
  chat,
  page,
}) => {
  const { model } = await openScripted({ api, chat }, [says(lines(1, 60)), ...finish("length")], {
    times: 1,
  });
  const rest = Array.from({ length: 30 }, (_, n) => [says(`\n\nLine ${61 + n}.`), { delay: 0.05 }]);
  await script([...rest.flat(), ...finish()], { model });
  await chat.send("Write");
  await chat.expectNotice("The answer was cut short.");
  await chat.answer.hover();
  await page.mouse.wheel(0, -400);
  await goOn(chat).evaluate((button) => button.scrollIntoView({ block: "end" }));
  const landmark = chat.answer.getByText("Line 58.", { exact: true });
  await page.mouse.wheel(0, -40);
  const before = await restingTop(landmark);
  await goOn(chat).evaluate((button: HTMLElement) => button.click());
  await expect(chat.answer).toContainText("Line 80.");
  expect(Math.abs((await restingTop(landmark)) - before)).toBeLessThanOrEqual(1);
  await chat.expectSettled();
  await expect(chat.answer).toContainText("Line 90.");
  expect(Math.abs((await restingTop(landmark)) - before)).toBeLessThanOrEqual(1);
});
