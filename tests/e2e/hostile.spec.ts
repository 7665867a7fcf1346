import type { Locator } from "@playwright/test";
import { HOSTILE } from "./hostile";
import { finish, reasons, says, script } from "./provider";
import { Replay } from "./replay";
import { expect, openScripted, test } from "./test";
import { watchRenders } from "./watch-renders";

/** What acts by itself, loads something, or leads where no link of the page may. */
const harmIn = (place: Locator) =>
  place.evaluate((root) =>
    [...root.querySelectorAll("*")]
      .filter((element) => {
        const isActive = element.matches(
          "script, iframe, object, embed, form, style, link, base, meta, img:not([src^='data:'])",
        );
        const hasHandler = [...element.attributes].some(({ name }) => name.startsWith("on"));
        if (isActive || hasHandler || !(element instanceof HTMLAnchorElement))
          return isActive || hasHandler;
        const { protocol, target, rel } = element;
        const isSafe = ["http:", "https:", "mailto:"].includes(protocol);
        return !isSafe || (target !== "" && !/noopener|noreferrer/.test(rel));
      })
      .map(({ outerHTML }) => outerHTML),
  );
const expectHarmless = async (place: Locator) => expect(await harmIn(place)).toEqual([]);

test("an answer that streams letter by letter reaches nobody and runs nothing", async ({
  api,
  chat,
  page,
}) => {
  const letters = [...HOSTILE].flatMap((letter) => [says(letter), { delay: 0.006 }]);
  const steps = [reasons(HOSTILE), ...letters, ...finish()];
  const { chatId } = await openScripted({ api, chat }, steps);
  await chat.send("Be evil.");
  await chat.expectSettled();
  await expect(chat.answer).toContainText("The end.");
  await expectHarmless(chat.answer);
  expect((await api.messages(chatId))[1]?.content).toBe(HOSTILE);
  await page.reload();
  await expect(chat.answer).toContainText("The end.");
  await chat.answer.getByText(/^Thought/).click();
  await expectHarmless(chat.answer);
  await page.goto(`/chats/${chatId}/read`);
  await expect(page.getByRole("button", { name: "Print" })).toBeEnabled();
  await expect(page.getByText("The end.")).toHaveCount(2);
  await expectHarmless(page.getByRole("main"));
});

test("no prefix of it that is painted does", async ({ api, chat, page }) => {
  // One after the other, and not only what a frame brings.
  await page.addInitScript(() => {
    window.requestAnimationFrame = (act) => window.setTimeout(() => act(performance.now()), 0);
  });
  const renders = await watchRenders(page);
  const replay = await Replay.begin({ api, chat });
  await renders.forget();
  await replay.play(HOSTILE, { step: 1, every: "commit" });
  await expect(chat.answer).toContainText("The end.");
  expect((await renders.commits()).length).toBeGreaterThanOrEqual(HOSTILE.length);
  await expectHarmless(chat.answer);
});

test("a question, a title and a model of the same kind do not either", async ({
  api,
  chat,
  page,
}) => {
  const model = "<img src=https://evil.example/m.png onerror=alert(1)>";
  await script([says("Fine."), ...finish()], { model });
  const title = "<img src=https://evil.example/t.png onerror=alert(1)> [a](javascript:alert(1))";
  const chatId = await api.newChat(model, title);
  await chat.open(chatId);
  await chat.send(HOSTILE);
  await expect(chat.answer).toContainText("Fine.");
  await expect(chat.questions.first()).toContainText("<script>alert(1)</script>");
  await expectHarmless(chat.questions.first());
  await expect(page.getByRole("button", { name: /^Model: / })).toContainText(model);
  await expect(page.locator("main img")).toHaveCount(0);
  await expect(chat.row(title)).toHaveText(title);
  await expect(chat.sidebar.locator("img")).toHaveCount(0);
  const row = chat.sidebar.getByRole("listitem").first();
  await row.hover();
  await row.getByRole("button", { name: /^Actions for/ }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await expect(page.getByRole("alertdialog")).toContainText(title);
  await expect(page.getByRole("alertdialog").locator("img")).toHaveCount(0);
});

test("what the guard looks for, it finds", async ({ guard, chat, page }) => {
  await page.route("**/_allauth/**/nowhere", (route) =>
    route.fulfill({ headers: { "content-security-policy": "script-src 'self' 'unsafe-inline'" } }),
  );
  await page.goto("/_allauth/browser/nowhere");
  expect(guard.found(/the policy of/)).toBe(1);
  await chat.open();
  await page.evaluate(() => {
    const image = document.createElement("img");
    image.src = "https://evil.example/p.png";
    document.body.append(image);
    const script = document.createElement("script");
    script.textContent = "alert(1)";
    document.body.append(script);
    document.body.append(Object.assign(document.createElement("style"), { textContent: "p {}" }));
    void Promise.reject(new Error("planted"));
  });
  await expect.poll(() => guard.found(/img-src|evil\.example/)).toBeGreaterThan(0);
  await expect.poll(() => guard.found(/script-src/)).toBe(2);
  await expect.poll(() => guard.found(/style-src/)).toBe(1);
  await expect.poll(() => guard.found(/planted/)).toBe(1);
  expect(guard.found(/dialog/), "the policy stops the script").toBe(0);
  await page.evaluate(() => alert(1));
  expect(guard.found(/dialog: 1/)).toBe(1);
  guard.allow(/evil\.example|img-src|script-src|style-src|planted|dialog: 1/);
});

test("what is not harmless is found", async ({ guard, chat, page }) => {
  guard.allow(/script-src|Failed to load resource/);
  await chat.open();
  const planted = [
    '<a href="ftp://evil.example">x</a>',
    '<a href="https://evil.example" target="_blank" rel="opener">x</a>',
    "<form></form>",
    '<p onmouseover="x">x</p>',
    '<img src="/x.png">',
  ];
  const main = page.getByRole("main");
  await main.evaluate((place, html) => {
    place.innerHTML = html;
  }, planted.join(""));
  expect(await harmIn(main)).toEqual(planted);
});
