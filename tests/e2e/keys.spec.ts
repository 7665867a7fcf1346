import type { Locator } from "@playwright/test";
import { expect, test } from "./test";

const TALK = ["One?", "First.\n\nWith **two** parts.", "Two?", "Second."];

test("Alt and an arrow walk from turn to turn, from the box only while it is empty", async ({
  api,
  chat,
  page,
}) => {
  await chat.open(await api.chatOf(TALK));
  await expect(chat.answers).toHaveCount(2);
  await chat.box.fill("A draft");
  await chat.box.press("Alt+ArrowUp");
  await expect(chat.box).toBeFocused();
  await chat.box.fill("");
  await chat.box.press("Alt+ArrowUp");
  await expect(chat.answer).toBeFocused();
  for (const turn of [chat.questions.last(), chat.answers.first(), chat.questions.first()]) {
    await page.keyboard.press("Alt+ArrowUp");
    await expect(turn).toBeFocused();
  }
  await page.keyboard.press("Alt+ArrowUp");
  await expect(chat.questions.first()).toBeFocused();
  for (let turns = 0; turns < 4; turns++) await page.keyboard.press("Alt+ArrowDown");
  await expect(chat.box).toBeFocused();
});

test("in a long chat they reach turns that were not in the document", async ({
  api,
  chat,
  page,
}) => {
  await chat.open(await api.chatOf(Array.from({ length: 400 }, (_, at) => `Message ${at + 1}`)));
  await expect(chat.answer).toContainText("Message 400");
  await chat.box.focus();
  for (let place = 400; place > 360; place--) {
    await page.keyboard.press("Alt+ArrowUp");
    await expect(page.locator("article:focus")).toContainText(`Message ${place}`);
  }
  await expect(page.locator("article:focus")).toBeInViewport();
});

test("F6 goes round the parts of the page, Shift+F6 the other way", async ({ api, chat, page }) => {
  await chat.open(await api.chatOf(TALK, "A talk"));
  await expect(chat.answers).toHaveCount(2);
  await chat.box.focus();
  await page.keyboard.press("F6");
  await expect(chat.row("A talk")).toBeFocused();
  await page.keyboard.press("F6");
  await expect(chat.questions.first()).toBeFocused();
  await page.keyboard.press("F6");
  await expect(chat.box).toBeFocused();
  await page.keyboard.press("Shift+F6");
  await expect(chat.questions.first()).toBeFocused();

  await page.keyboard.press("?");
  const list = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await expect(list).toContainText("From turn to turn");
  await page.keyboard.press("Escape");
  await expect(chat.questions.first()).toBeFocused();
  await chat.box.focus();
  await page.keyboard.press("?");
  await expect(list).toBeHidden();
  await expect(chat.box).toHaveValue("?");
  await page.keyboard.press("Control+/");
  await expect(list).toBeVisible();
});

test("selected text is quoted below the draft, by pointer and by keyboard", async ({
  api,
  chat,
  page,
}) => {
  await chat.open(await api.chatOf(TALK));
  const first = chat.answers.first();
  const quote = page.getByRole("button", { name: "Quote", exact: true });
  await chat.box.fill("My draft");
  await first.getByText("With two parts.").click({ clickCount: 3 });
  await quote.click();
  await expect(chat.box).toBeFocused();
  await expect(chat.box).toHaveValue("My draft\n\n> With two parts.\n\n");
  await expect(quote).toHaveCount(0);
  await page.keyboard.type("Why?");
  await expect(chat.box).toHaveValue("My draft\n\n> With two parts.\n\nWhy?");

  await chat.box.fill("");
  await first.evaluate((turn) => {
    const text = turn.querySelector(".ct-md");
    if (text) document.getSelection()?.selectAllChildren(text);
  });
  await expect(quote).toBeVisible();
  await first.getByRole("button", { name: "Copy link" }).focus();
  await page.keyboard.press("Tab");
  await expect(quote).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(chat.box).toHaveValue("> First.\n>\n> With two parts.\n\n");
});

const LINE = "A line of words that goes on until it is as long as the measure allows. ".repeat(2);
const WIDE = ["One?", LINE.trim(), "Two?", "First.\n\nThe last paragraph.", LINE.repeat(3), LINE];

/** What the button to quote covers of the selected text, the turn's actions and all buttons, or that it is out of view. */
const coveredBy = (quote: Locator) =>
  quote.evaluate((button) => {
    const box = button.getBoundingClientRect();
    const isMet = ({ left, right, top, bottom }: DOMRect) =>
      left < box.right && box.left < right && top < box.bottom && box.top < bottom;
    const turn = button.closest("article");
    const list = button.closest("[data-region]");
    const view = list?.getBoundingClientRect();
    const isSeen = view && box.top >= view.top && box.bottom <= view.bottom;
    const lines = document.getSelection()?.getRangeAt(0).getClientRects() ?? [];
    const row = turn?.querySelector("button[aria-label='Copy link']")?.parentElement;
    const others = [...(list?.querySelectorAll("button") ?? [])].filter((one) => one !== button);
    return [
      ...(isSeen ? [] : ["out of view"]),
      ...([...lines].some(isMet) ? ["text"] : []),
      ...(!row || isMet(row.getBoundingClientRect()) ? ["actions"] : []),
      ...others.filter((one) => isMet(one.getBoundingClientRect())).map((one) => one.ariaLabel),
    ];
  });

const selectText = (place: Locator) =>
  place.evaluate((text) => document.getSelection()?.selectAllChildren(text));

for (const [device, options] of Object.entries({
  "a mouse": {},
  "a finger": { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
}))
  test.describe(`with ${device}`, () => {
    test.use(options);

    test("the button to quote covers neither what is selected nor another button", async ({
      api,
      chat,
      page,
    }) => {
      await chat.open(await api.chatOf([...WIDE, ...WIDE]));
      const quote = page.getByRole("button", { name: "Quote", exact: true });
      await expect(chat.answers).toHaveCount(6);
      const places = [
        ...(await chat.questions.locator("[dir=auto] > div").all()),
        ...(await chat.answers.locator("p").all()),
      ];
      expect(places).toHaveLength(14);
      for (const place of places)
        for (const block of ["start", "center", "end"] as const) {
          await place.evaluate((text, at) => text.scrollIntoView({ block: at }), block);
          await selectText(place);
          await expect(quote).toBeVisible();
          expect(await coveredBy(quote), `${await place.textContent()} at the ${block}`).toEqual(
            [],
          );
          await page.evaluate(() => document.getSelection()?.removeAllRanges());
        }

      // It finds what is covered.
      await selectText(chat.answers.nth(1).locator("p").last());
      await quote.evaluate((button) => {
        const row = button.closest("article")?.querySelector("button")?.parentElement;
        button.style.insetBlockStart = `${(row?.offsetTop ?? 0) - 24}px`;
        button.style.insetInlineStart = "0";
      });
      expect(await coveredBy(quote)).toEqual(expect.arrayContaining(["text", "actions", "Copy"]));
    });
  });
