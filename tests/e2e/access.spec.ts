import type { Locator, Page } from "@playwright/test";
import { ChatPage } from "./chat-page";
import { finish, says, script } from "./provider";
import { expect, openScripted, test } from "./test";

type Key = "Tab" | "Shift+Tab";

/** ArrowDown, until the item of the open menu has the focus, which moves a moment after the key. */
async function walkTo(page: Page, item: Locator): Promise<void> {
  const focused = page.locator("[role^=menuitem]:focus");
  await expect(focused).toHaveCount(1);
  for (let presses = 0; presses < 20; presses++) {
    if (await item.evaluate((element) => element === document.activeElement)) return;
    const before = await focused.elementHandle();
    await page.keyboard.press("ArrowDown");
    await expect
      .poll(() => before?.evaluate((element) => element === document.activeElement))
      .toBe(false);
  }
  throw new Error(`${item} cannot be reached by ArrowDown.`);
}

/** Tab, at most 40 times, until the place has the focus. */
async function tabTo(page: Page, place: Locator, key: Key = "Tab"): Promise<void> {
  for (let presses = 0; presses < 40; presses++) {
    if (await place.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press(key);
  }
  throw new Error(`${place} cannot be reached by ${key}.`);
}

test("the main job by keyboard alone", async ({ context, page, stranger }) => {
  test.slow();
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const chat = new ChatPage(page);
  const { keyboard } = page;
  const enter = async (button: string) => {
    await tabTo(page, page.getByLabel("Email"));
    await keyboard.type(stranger.email);
    await keyboard.press("Tab");
    await keyboard.type(stranger.password);
    await tabTo(page, page.getByRole("button", { name: button }));
    await keyboard.press("Enter");
    await expect(chat.box).toBeFocused();
  };
  const press = async (place: Locator, key?: Key) => {
    await expect(place).toBeVisible();
    await tabTo(page, place, key);
    await keyboard.press("Enter");
  };
  const choose = async (item: Locator) => {
    await walkTo(page, item);
    await keyboard.press("Enter");
  };
  const version = (place: Locator, name: string) => place.getByRole("group", { name });
  const button = (place: Locator, name: string) => place.getByRole("button", { name, exact: true });

  await page.goto("/signup");
  await expect(page.getByLabel("Email")).toBeVisible();
  await enter("Sign up");

  // Ask, and stop.
  await keyboard.type("Write an essay");
  await keyboard.press("Enter");
  await expect(chat.stopButton).toBeVisible();
  await expect(chat.box).toBeFocused();
  await expect(chat.answer).toContainText("essay");
  await keyboard.press("Escape");
  await chat.expectNotice("Stopped.");
  await press(button(chat.answer, "Try again"), "Shift+Tab");
  await press(chat.stopButton);
  await chat.expectNotice("Stopped.");

  // Another model, and the question otherwise.
  const picker = page.getByRole("button", { name: /^Model: / });
  await press(picker, "Shift+Tab");
  await choose(page.getByRole("menuitemradio", { name: "demo-fast" }));
  await expect(picker).toHaveAccessibleName("Model: demo-fast");
  await expect(picker).toBeFocused();
  await tabTo(page, chat.box, "Shift+Tab");
  await keyboard.press("ArrowUp");
  await expect(page.getByRole("textbox", { name: "Edit your message" })).toBeFocused();
  await keyboard.press("ControlOrMeta+a");
  await keyboard.type("hello");
  await keyboard.press("Enter");
  await expect(version(chat.questions.first(), "Version 2 of 2")).toBeVisible();
  await chat.expectSettled();
  await expect(chat.box).toBeFocused();

  // Answer again, walk the versions, copy.
  await press(button(chat.answer, "Answer again"), "Shift+Tab");
  await expect(version(chat.answer, "Version 2 of 2")).toBeVisible();
  await chat.expectSettled();
  await expect.poll(() => hasFocus(page, "main article")).toBe(true);
  await press(button(chat.answer, "Previous version"), "Shift+Tab");
  await expect(version(chat.answer, "Version 1 of 2")).toBeVisible();
  await expect.poll(() => hasFocus(page, "main article")).toBe(true);
  await press(button(chat.answer, "Next version"));
  await expect(version(chat.answer, "Version 2 of 2")).toBeVisible();
  await press(button(chat.questions.first(), "Previous version"), "Shift+Tab");
  await expect(chat.questions.first()).toContainText("Write an essay");
  await press(button(chat.questions.first(), "Next version"));
  await expect(chat.questions.first()).toContainText("hello");
  await press(button(chat.answer, "Copy"));
  await expect(page.getByText("Copied", { exact: true })).toBeAttached();
  await expect(chat.answer.getByRole("button", { name: /^(Copied|Copy)$/ })).toBeFocused();

  // Find in it, read the settings.
  const row = chat.sidebar.locator("a[data-chat]").first();
  const toActions = async () => {
    await keyboard.press("F6");
    await tabTo(page, row);
    await keyboard.press("Tab");
    await keyboard.press("Enter");
    await expect(page.getByRole("menuitem", { name: "Rename" })).toBeFocused();
  };
  await toActions();
  await choose(page.getByRole("menuitem", { name: "Find in chat" }));
  await expect(page.getByRole("textbox", { name: "Find in chat" })).toBeFocused();
  await keyboard.type("hello");
  await expect(page.getByRole("search").getByRole("status")).toContainText("1 of");
  await keyboard.press("Escape");
  await expect(page.getByRole("search")).toHaveCount(0);
  await expect.poll(() => hasFocus(page, "body *")).toBe(true);
  const account = page.getByRole("button", { name: /^Account: / });
  await press(account);
  await choose(page.getByRole("menuitem", { name: "Settings" }));
  await expect(page.getByRole("dialog")).toBeVisible();
  await tabTo(page, page.getByRole("radio", { name: "Enter", exact: true }));
  await keyboard.press("Escape");
  await expect(account).toBeFocused();

  // Rename, delete, leave and come back.
  await tabTo(page, row, "Shift+Tab");
  await keyboard.press("F2");
  await expect(page.getByLabel("Title of the chat")).toBeFocused();
  await keyboard.type("An essay");
  await keyboard.press("Enter");
  await expect(chat.row("An essay")).toBeFocused();
  await keyboard.press("Tab");
  await keyboard.press("Enter");
  await expect(page.getByRole("menuitem", { name: "Rename" })).toBeFocused();
  await choose(page.getByRole("menuitem", { name: "Delete" }));
  const dialog = page.getByRole("alertdialog");
  await expect(dialog).toBeVisible();
  await keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(chat.row("An essay")).toBeFocused();
  await keyboard.press("Delete");
  await press(dialog.getByRole("button", { name: "Delete" }));
  await expect(chat.sidebar.getByText("No chats yet.")).toBeVisible();
  await press(account);
  await choose(page.getByRole("menuitem", { name: "Log out" }));
  await expect(page).toHaveURL(/\/login/);
  await expect(page.getByLabel("Email")).toBeVisible();
  await enter("Log in");
});

/** What has the focus stands at such a place: it was not lost. */
const hasFocus = (page: Page, place: string) =>
  page.evaluate((selector) => document.activeElement?.closest(selector) != null, place);

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  test("the list is a sheet that opens and closes, and nothing is wider than the screen", async ({
    api,
    chat,
    page,
  }) => {
    const long = `https://example.com/${"very-long-".repeat(30)}`;
    const table = `\n\n|${" A column |".repeat(9)}\n|${"---|".repeat(9)}\n|${" a value |".repeat(9)}\n\n`;
    const code = `\n\n\`\`\`js\nconst line = "${"long ".repeat(60)}";\n\`\`\`\n`;
    const model = await script([says(`See ${long} ${table} ${code}`), says("Done."), ...finish()]);
    const first = await api.newChat(model, "First chat");
    await api.newChat(model, "Second chat");
    await chat.open(first);
    await chat.send(`Look at ${long}`);
    await chat.expectSettled();
    await expect(chat.answer).toContainText("Done.");
    const width = () => page.evaluate(() => document.documentElement.scrollWidth);
    expect(await width()).toBeLessThanOrEqual(390);

    const opener = page.getByRole("button", { name: "Open the list of chats" });
    const sheet = page.getByRole("dialog", { name: "Chats" });
    await expect(chat.sidebar).toBeHidden();
    await opener.tap();
    await expect(sheet).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(sheet).toBeHidden();
    await opener.tap();
    await page.touchscreen.tap(380, 500);
    await expect(sheet).toBeHidden();
    await opener.tap();
    await sheet.getByRole("link", { name: "Second chat" }).tap();
    await expect(sheet).toBeHidden();
    await expect(chat.questions).toHaveCount(0);
    await expect(chat.box).toBeInViewport();
    expect(await width()).toBeLessThanOrEqual(390);
  });
});

test("the page is as the reader's system asks for it", async ({ api, chat, page }) => {
  const answer = `Some \`${"long".repeat(40)}\`.\n\n| ${"A column | ".repeat(6)}\n|${"---|".repeat(6)}\n\n\`\`\`js\nlet a = "${"long ".repeat(40)}";\n\`\`\`\n\n`;
  await openScripted({ api, chat }, [says(answer), { hang: true }]);
  await chat.send("long".repeat(80));
  await expect(chat.answer.locator("pre")).toBeVisible();
  await chat.answer.getByText("Waiting for").waitFor();
  const colours = (place: Locator) =>
    place.evaluate((element) => {
      const { color, backgroundColor } = getComputedStyle(element);
      return { color, backgroundColor };
    });
  const root = page.locator(".ct").first();
  const faint = chat.answer.locator(".ct-md-code-head");

  await page.emulateMedia({ colorScheme: "light" });
  expect((await colours(root)).backgroundColor).toBe("rgb(252, 252, 251)");
  await page.emulateMedia({ colorScheme: "dark" });
  const { color, backgroundColor } = await colours(root);
  expect(backgroundColor).toBe("rgb(22, 24, 23)");
  expect((await colours(faint)).color).not.toBe(color);
  await page.emulateMedia({ contrast: "more" });
  await expect(faint).toHaveCSS("color", color);
  await expect(chat.questions.locator(".bg-bubble")).toHaveCSS("border-top-width", "1px");

  await page.emulateMedia({ contrast: null, forcedColors: "active" });
  const edge = await chat.answer.locator(".ct-md-code").boundingBox();
  for (const button of await faint.getByRole("button").all()) {
    const box = await button.boundingBox();
    expect((box?.y ?? 0) - (edge?.y ?? 0)).toBeGreaterThanOrEqual(4);
  }
  await page.emulateMedia({ forcedColors: null });

  const moves = await page.evaluateHandle(() => {
    const seen: string[] = [];
    for (const kind of ["animationstart", "animationiteration", "transitionrun"] as const)
      document.addEventListener(kind, ({ target }) => seen.push(`${kind} ${target}`));
    return seen;
  });
  const openAndClose = async () => {
    await page.getByRole("button", { name: /^Model: / }).click();
    await expect(page.getByRole("menu")).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(page.getByRole("menu")).toHaveCount(0);
    await page.keyboard.press("Control+/");
    await expect(page.getByRole("dialog")).toBeVisible();
    await page.keyboard.press("Escape");
    await chat.answer.locator("table").hover();
    await chat.sendButton.or(chat.stopButton).hover();
  };
  await openAndClose();
  await expect.poll(() => moves.evaluate(({ length }) => length)).toBeGreaterThan(0);
  await page.emulateMedia({ reducedMotion: "reduce" });
  await expect.poll(() => page.evaluate(() => document.getAnimations().length)).toBe(0);
  await moves.evaluate((seen) => seen.splice(0));
  await openAndClose();
  expect(await moves.evaluate((seen) => seen)).toEqual([]);

  for (const [width, height, size] of [
    [320, 568, "100%"],
    [640, 1136, "200%"],
    [1280, 800, "200%"],
  ] as const) {
    await page.setViewportSize({ width, height });
    await page.evaluate((text) => {
      document.documentElement.style.fontSize = text;
    }, size);
    await expect.poll(() => tooWide(page)).toEqual([]);
    await expect(chat.stopButton).toBeInViewport({ ratio: 1 });
    await expect(chat.box).toBeInViewport({ ratio: 1 });
    await page.keyboard.press("Control+/");
    await expect(page.getByRole("dialog")).toBeVisible();
    expect(await tooWide(page)).toEqual([]);
    await page.keyboard.press("Escape");
  }
  await root.evaluate((element) => {
    const wide = document.createElement("hr");
    wide.style.width = "1300px";
    element.querySelector("main")?.append(wide);
  });
  expect(await tooWide(page)).toEqual(["HR"]);
});

/** What is seen to reach beyond the screen, and is not in a block that scrolls by itself. */
const tooWide = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll(".ct *")]
      .filter((element) => {
        const { left, right, width } = element.getBoundingClientRect();
        const isOut = width > 1 && (right > innerWidth + 1 || left < -1);
        return isOut && !element.closest("pre > *, .ct-md-table-scroll > *");
      })
      .map(({ tagName, className }) => `${tagName} ${className}`.trim()),
  );
