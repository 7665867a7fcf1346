import { Meter, Replay } from "./replay";
import { expect, test } from "./test";
import { watchRenders } from "./watch-renders";

test.use({ trace: "off" });

const WORDS = "Some **bold** words that go on, with `code` and a few *slanted* ones among them. ";
const PROSE = Array.from({ length: 40 }, (_, n) => `${WORDS.repeat(2)}Number ${n}.\n\n`).join("");

test("a delta renders one row, and no part of its text that is settled", async ({ api, chat }) => {
  const renders = await watchRenders(chat.page);
  const replay = await Replay.begin({ api, chat });
  await replay.play(PROSE.slice(0, 800));
  await renders.forget();
  await replay.play(PROSE.slice(800));
  const commits = await renders.commits();
  expect(commits.length).toBeGreaterThan(20);
  expect(Math.max(...commits.map(({ rows }) => rows.length))).toBe(1);
  // A part that another whole one has followed is settled.
  let newest = 0;
  for (const { parts } of commits) {
    expect(parts.filter((start) => start < newest - 2 * WORDS.length - 20)).toEqual([]);
    newest = Math.max(newest, ...parts);
  }
});

test("a row that is rendered with each delta is found", async ({ api, chat, page }) => {
  const renders = await watchRenders(page);
  const replay = await Replay.begin({ api, chat });
  const [, answered] = await api.messages(replay.chatId);
  await renders.forget();
  for (let version = 10; version < 15; version++) {
    await replay.play("More. ");
    await page.evaluate((frame) => window.deliver(frame), {
      type: "message.updated",
      message: { ...answered, version },
    });
    await replay.play("And more. ");
  }
  const rows = new Set((await renders.commits()).flatMap((commit) => commit.rows));
  expect(rows.size).toBeGreaterThan(1);
});

test("a chat opens at its end, and a link at its message, without rendering the beginning", async ({
  api,
  chat,
  page,
}) => {
  const renders = await watchRenders(page);
  const turn = (n: number) => [`Question ${n}`, `Answer ${n}. ${WORDS.repeat(12)}`];
  const chatId = await api.chatOf(Array.from({ length: 200 }, (_, n) => turn(n)).flat());
  const messages = await api.messages(chatId);
  const linked = messages.find(({ content }) => content === "Question 190");
  // Of those that are loaded.
  const first = new Set(messages.slice(0, 20).map(({ id }) => id));
  const expectRendered = async (id: string | undefined) => {
    const rendered = (await renders.commits()).flatMap(({ rows }) => rows);
    expect(rendered).toContain(id);
    expect(rendered.filter((row) => first.has(row))).toEqual([]);
  };
  await chat.open(chatId);
  await expect(chat.questions.last()).toBeInViewport();
  await expectRendered(messages.at(-1)?.id);

  await page.goto(`/chats/${chatId}?message=${linked?.id}`);
  await expect(page.getByText("Question 190", { exact: true })).toBeInViewport();
  await expectRendered(linked?.id);
});

test("elements and memory stay what they were while answers stream for a minute", async ({
  api,
  chat,
}) => {
  test.setTimeout(180_000);
  const replay = await Replay.begin({ api, chat });
  const meter = await Meter.of(chat.page);
  const text = PROSE.slice(0, 2_000);
  const round = async () => {
    replay.restart();
    // A hundred tokens a second.
    await replay.play(text, { step: 4, every: 10 });
    await expect(chat.answer).toContainText("Number 9.");
    return meter.kept();
  };
  await round();
  const first = await round();
  const end = Date.now() + 60_000;
  let last = first;
  while (Date.now() < end) last = await round();
  expect(last.nodes).toBeLessThanOrEqual(first.nodes * 1.02);
  expect(last.bytes).toBeLessThanOrEqual(first.bytes * 1.1);
});
