import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { ChatPage } from "./chat-page";
import { NETWORK_FAILURES } from "./guard";
import { stack } from "./stack";
import { expect, test } from "./test";

const HOST_STYLE = `
  body { margin: 23px; font: 17px serif; color: rgb(20, 20, 80); background: rgb(250, 250, 210) }
  a { color: rgb(0, 128, 0) } ul { list-style: square } .flex { float: inline-end }
  .p-4 { padding: 1px } .border { border: 5px dotted } .hidden { display: block; opacity: 0.5 }
  #place { position: fixed; inset-block-end: 0; inset-inline: 0; height: 500px; overflow: hidden }
`;
const HOST = `
  <main><h1>A host</h1><h2 class="text-14 font-medium">Its parts</h2>
    <p class="p-4 border mt-2">Some <b>words</b>, <code>code</code>, <a href="/x">a link</a>.</p>
    <ul class="grid gap-3"><li>one</li><li>two</li></ul><ol><li>one</li></ol>
    <table class="w-full"><tr><th>a</th><td>1</td></tr></table><blockquote>so</blockquote><hr>
    <div class="hidden">seen</div><div class="flex sr-only">here</div><pre>pre</pre>
    <form><fieldset><legend>l</legend><label>n <input placeholder="p" class="rounded-control"></label>
      <button class="bg-accent">b</button><select><option>o</select><textarea>t</textarea></fieldset></form>
    <img alt="i"><details><summary>s</summary>d</details><dialog open>d</dialog></main>`;

/** Serves a host's page at the root, with the built page in it or only the place for that. */
async function open(page: Page, { withPage }: { withPage: boolean }): Promise<void> {
  const built = await readFile(join(__dirname, "../../frontend/dist/index.html"), "utf8");
  const files = built.match(/<(?:script|link)[^>]*assets[^>]*>(?:<\/script>)?/g) ?? [];
  expect(files.length).toBeGreaterThan(1);
  const body = `<!doctype html><link rel="icon" href="/favicon.svg"><link rel="stylesheet" href="/host.css">
    ${withPage ? files.join("") : ""}<body>${HOST}<div id="place"><div id="chattable" class="ct"></div></div>`;
  const policy = (await page.request.get("/login")).headers()["content-security-policy"] ?? "";
  const headers = { "Content-Security-Policy": policy };
  await page.route("**/host.css", (route) =>
    route.fulfill({ body: HOST_STYLE, contentType: "text/css" }),
  );
  await page.route(`${stack().url}/`, (route) =>
    route.fulfill({ body, headers, contentType: "text/html" }),
  );
  await page.goto("/");
  await page.evaluate(() => document.fonts.ready);
}

/** Every computed style of everything that is the host's. */
const stylesOf = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const elements = ["html", "body", "body > main", "body > main *", "#place"].flatMap(
      (selector) => [...document.querySelectorAll(selector)],
    );
    return elements.flatMap((element, place) =>
      ["", "::before", "::placeholder"].flatMap((pseudo) => {
        const style = getComputedStyle(element, pseudo);
        const names = [...style].filter((name) => !name.startsWith("--"));
        return names.map(
          (name) =>
            `${element.tagName}${pseudo} (${place}) ${name}: ${style.getPropertyValue(name)}`,
        );
      }),
    );
  });

test("the page in the middle of a host changes nothing of the host's look", async ({
  page,
  person: _,
  guard,
}) => {
  // A document that the test itself serves may not open sockets; the page takes the stream then.
  guard.allow(NETWORK_FAILURES);
  await open(page, { withPage: false });
  const before = await stylesOf(page);
  expect(before.length).toBeGreaterThan(10_000);
  await open(page, { withPage: true });
  const chat = new ChatPage(page);
  const root = page.locator("#chattable");
  await expect(chat.box).toBeVisible();
  expect(changes(before, await stylesOf(page))).toEqual([]);

  await page.getByRole("button", { name: /^Account: / }).click();
  await expect(root.getByRole("menu")).toBeVisible();
  expect(changes(before, await stylesOf(page))).toEqual([]);
  await page.getByRole("menuitem", { name: "Settings" }).click();
  await expect(root.getByRole("dialog")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(root.getByRole("dialog")).toBeHidden();
  await chat.send("Hello");
  await chat.expectSettled();
  expect(changes(before, await stylesOf(page))).toEqual([]);
  const strangers = () =>
    page.evaluate(() => [...document.body.children].map(({ tagName }) => tagName));
  expect(await strangers()).toEqual(["MAIN", "DIV"]);

  // A planted failure: one rule that is not kept below the root.
  await page.evaluate(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("@layer base { h1 { margin: 0 } }");
    document.adoptedStyleSheets = [sheet];
  });
  expect(changes(before, await stylesOf(page)).join()).toContain("H1 (3) margin-top: 0px");
});

const changes = (before: string[], after: string[]): string[] => {
  const known = new Set(before);
  return after.filter((style) => !known.has(style));
};
