import type { Page } from "@playwright/test";
import { expect, test } from "./test";

declare global {
  interface Window {
    finds: boolean[];
  }
}

const LONG = "Hay and hay. ".repeat(400);

/** 600 messages, of which those at these places hold a text, far down in them. */
const haystack = (places: number[], text: string) =>
  Array.from({ length: 600 }, (_, at) =>
    places.includes(at)
      ? `Straw.\n\n${LONG}\n\nHere is **the** ${text.replace(/^100/, "*100*")}\nof it.`
      : `Straw ${at}.`,
  );

const bar = (page: Page) => page.getByRole("search");
const input = (page: Page) => page.getByRole("textbox", { name: "Find in chat" });
const marked = (page: Page) =>
  page.evaluate(() => [...(CSS.highlights.get("ct-hit") ?? [])].map((range) => `${range}`));
/** The mark is in the transcript's view. */
const isMarkSeen = (page: Page) =>
  page.evaluate(() => {
    const [range] = CSS.highlights.get("ct-hit") ?? [];
    const view = document.querySelector("ol")?.parentElement?.getBoundingClientRect();
    const place = (range as Range | undefined)?.getBoundingClientRect();
    return Boolean(view && place && place.top >= view.top && place.bottom <= view.bottom);
  });

for (const [device, viewport] of [
  ["desk", { width: 1280, height: 800 }],
  ["phone", { width: 360, height: 740 }],
] as const)
  test(`a text far away is found, walked to and marked, on a ${device}`, async ({
    api,
    chat,
    page,
  }) => {
    test.slow();
    await page.setViewportSize(viewport);
    await chat.open(await api.chatOf(haystack([3, 101, 577], "100%_Größe")));
    await expect(page.locator("[aria-posinset='600']")).toBeVisible();
    await chat.box.focus();
    await page.keyboard.press("ControlOrMeta+f");
    await expect(input(page)).toBeFocused();
    await page.keyboard.type("the 100%_gRÖßE of");
    for (const place of [1, 2, 3]) {
      await expect(bar(page).getByRole("status")).toHaveText(
        new RegExp(`^${place} of 3: .*%_Größe`),
      );
      await expect.poll(() => marked(page)).toEqual(["the 100%_Größe\nof"]);
      await expect.poll(() => isMarkSeen(page)).toBe(true);
      await expect(page.locator("[aria-current=true]")).toContainText("100%_Größe");
      await expect(input(page)).toBeFocused();
      await page.keyboard.press("Enter");
    }
    await expect(bar(page).getByRole("status")).toContainText("1 of 3");
    await page.keyboard.press("Shift+Enter");
    await expect(bar(page).getByRole("status")).toContainText("3 of 3");
    await expect.poll(() => isMarkSeen(page)).toBe(true);
    await expect(page.locator("[aria-posinset='4']")).toContainText("100%_Größe");

    await page.keyboard.press("Escape");
    await expect(bar(page)).toHaveCount(0);
    await expect(chat.box).toBeFocused();
    await expect.poll(() => marked(page)).toEqual([]);
  });

test("pressed again the key opens the browser's own find, as it does at once in a short chat", async ({
  api,
  chat,
  page,
}) => {
  await page.addInitScript(() => {
    window.addEventListener("keydown", (event) => {
      // When everybody has heard it.
      if (event.code === "KeyF") setTimeout(() => window.finds.push(event.defaultPrevented));
    });
    window.finds = [];
  });
  /** For each press, whether the page has kept it from the browser. */
  const finds = () => page.evaluate(() => window.finds);
  await chat.open(await api.chatOf(haystack([], "")));
  await expect(page.locator("[aria-posinset='600']")).toBeVisible();
  await page.keyboard.press("ControlOrMeta+f");
  await expect(input(page)).toBeFocused();
  await page.keyboard.type("needle");
  await expect(bar(page).getByRole("status")).toHaveText("Not found");
  await page.keyboard.press("ControlOrMeta+f");
  await expect.poll(finds).toEqual([true, false]);

  await chat.open(await api.chatOf(["Hello?", "Hello."]));
  await expect(chat.answer).toContainText("Hello.");
  await page.keyboard.press("ControlOrMeta+f");
  await expect.poll(finds).toEqual([false]);
  await expect(bar(page)).toHaveCount(0);
});
