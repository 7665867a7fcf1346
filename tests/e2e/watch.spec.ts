import type { Locator } from "@playwright/test";
import { error, finish, says, script } from "./provider";
import { Replay } from "./replay";
import { expect, test } from "./test";
import { movedWhile, watch } from "./watch";

const WORDS = Array.from({ length: 60 }, (_, n) => `Paragraph ${n} of some words.\n\n`);
const ANSWERS = [
  { steps: [...WORDS.map(says), ...finish()], end: /^Answer ready, 300 words$/ },
  { steps: [says("Half"), error("engine crashed")], end: /^The answer failed\./ },
  { steps: [says("On and on"), { hang: true } as const], end: /^Answer stopped$/, isStopped: true },
];

test("an answer that is whole, fails or is stopped is told in at most four announcements, and the focus stays", async ({
  api,
  chat,
  page,
}) => {
  const watched = await watch(page);
  let model: string | undefined;
  for (const { steps } of ANSWERS) model = await script(steps, { model, times: 1 });
  await chat.open(await api.newChat(model ?? ""));
  await expect(chat.box).toBeFocused();
  for (const [before, { end, isStopped }] of ANSWERS.entries()) {
    await watched.forget();
    await chat.send("Write");
    await expect(chat.answers).toHaveCount(before + 1);
    if (isStopped) {
      await expect(chat.answer).toContainText("On and on");
      await page.keyboard.press("Escape");
    }
    await expect.poll(async () => (await watched.heard()).said.at(-1)).toMatch(end);
    await chat.expectSettled();
    const { said, focused } = await watched.heard();
    expect(said[0]).toBe("Answering");
    expect(said.length, said.join(" | ")).toBeLessThanOrEqual(4);
    expect(focused).toEqual([]);
    await expect(chat.box).toBeFocused();
  }
});

test("one announcement too many, a stolen focus and a long task are found", async ({
  chat,
  page,
}) => {
  const watched = await watch(page);
  await chat.open();
  await watched.forget();
  await page.evaluate(async () => {
    const region = document.querySelector("[role=status]");
    for (const word of ["one", "two"]) {
      if (region) region.textContent = word;
      await new Promise(requestAnimationFrame);
    }
    document.querySelector("button")?.focus();
    const start = performance.now();
    while (performance.now() - start < 150);
  });
  await expect
    .poll(async () => Math.max(0, ...(await watched.heard()).tasks))
    .toBeGreaterThanOrEqual(150);
  const { said, focused } = await watched.heard();
  expect(said).toEqual(["one", "two"]);
  expect(focused).toHaveLength(1);
});

test("rows that grow above and below do not move what is read; a planted jump is found", async ({
  api,
  chat,
  page,
}) => {
  const long = WORDS.join("");
  const model = await script([says(`\`\`\`js\nlet a = 1\n\`\`\`\n\n${long}`), ...finish()]);
  const chatId = await api.newChat(model);
  for (let turn = 1; turn <= 2; turn++) {
    await api.call("POST", `/api/chats/${chatId}/messages/`, { content: `Question ${turn}` });
    await api.expectSettled(chatId);
  }
  const replay = await Replay.begin({ api, chat }, chatId);
  const row = chat.answers.nth(1).getByText("Paragraph 30 of");
  await chat.answer.hover();
  await page.mouse.wheel(0, -100);
  await row.evaluate((paragraph) => paragraph.scrollIntoView({ block: "center" }));
  await expect.poll(() => movedWhile(row, () => page.evaluate(() => 0))).toBe(0);

  expect(await movedWhile(row, () => replay.play(long))).toBeLessThanOrEqual(1);
  // As an image that opens, or thoughts that fold.
  const setSpace = (place: Locator, height: number) =>
    place.evaluate(async (answer, px) => {
      if (!answer.querySelector("[data-planted]")) {
        const block = document.createElement("div");
        block.dataset.planted = "";
        answer.prepend(block);
      }
      const block = answer.querySelector<HTMLElement>("[data-planted]");
      if (block) block.style.height = `${px}px`;
      for (let frame = 0; frame < 12; frame++) await new Promise(requestAnimationFrame);
    }, height);
  const places = [chat.answers.first(), chat.answers.nth(1)];
  for (const place of places)
    for (const height of [240, 0])
      expect(await movedWhile(row, () => setSpace(place, height))).toBeLessThanOrEqual(1);
  // In the frame of a scroll, too: the row moves by that one pixel, and not by the space.
  for (const place of places)
    for (const height of [240, 0]) {
      const scroll = () => row.evaluate((text) => text.closest("[data-region]")?.scrollBy(0, -1));
      const both = () => Promise.all([scroll(), setSpace(place, height)]);
      expect(await movedWhile(row, both)).toBeLessThan(2);
    }

  const jump = () =>
    row.evaluate((element) => {
      element.style.marginTop = "3px";
      return new Promise(requestAnimationFrame);
    });
  expect(await movedWhile(row, jump)).toBeGreaterThan(1);
});
