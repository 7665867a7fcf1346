import { join } from "node:path";
import type { Page } from "@playwright/test";
import { ChatPage } from "./chat-page";
import { NETWORK_FAILURES } from "./guard";
import { finish, says, script } from "./provider";
import { type Api, expect, test } from "./test";

const FOLDER = join(__dirname, "../.shots");
const screens = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: {
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
    deviceScaleFactor: 2,
  },
};

const TITLES = [
  "Learning to cook",
  "Names for a cat that is not impressed by anything, least of all by names",
  "Τι είναι ο χρόνος;",
  "Packing list",
];

/** A few chats, the newest of which asks for code. */
async function furnish(api: Api): Promise<string> {
  for (const title of TITLES) await api.newChat("demo-fast", title);
  const chatId = await api.newChat("demo-fast", "Retry with backoff");
  await ask(api, chatId, "Please show me some Python code that tries again when a call fails.");
  return chatId;
}

async function ask(api: Api, chatId: string, content: string): Promise<void> {
  await api.call("POST", `/api/chats/${chatId}/messages/`, { content });
  await api.expectSettled(chatId);
}

for (const [screen, device] of Object.entries(screens))
  for (const colorScheme of ["light", "dark"] as const)
    test.describe(`${screen}, ${colorScheme}`, () => {
      test.use({ ...device, colorScheme, contextOptions: { reducedMotion: "reduce" } });
      const shoot = async (page: Page, name: string) => {
        await page.evaluate(() => document.fonts.ready);
        await page.screenshot({ path: join(FOLDER, `${screen}-${colorScheme}-${name}.png`) });
      };

      test("login and sign-up", async ({ page }) => {
        await page.goto("/login");
        await expect(page.getByRole("button", { name: "Log in" })).toBeVisible();
        await shoot(page, "login");
        await page.goto("/signup");
        await page.getByLabel("Email").fill("somebody@example.com");
        await page.getByLabel("Password").fill("short");
        await page.getByRole("button", { name: "Sign up" }).click();
        await expect(page.getByText(/too short/)).toBeVisible();
        await shoot(page, "signup-refused");
      });

      test("empty", async ({ chat, page }) => {
        await chat.open();
        await expect(page.getByRole("button", { name: /^Model: demo/ })).toBeVisible();
        await shoot(page, "empty");
      });

      test("find, quote and reading view", async ({ api, chat, page }) => {
        const tides = "Some words about the sea and its tides, **and more**.";
        const turns = Array.from({ length: 165 }, (_, at) => [`Question ${at}?`, tides]).flat();
        const chatId = await api.chatOf(turns, "The sea");
        await chat.open(`${chatId}?find=true`);
        await page.getByRole("textbox", { name: "Find in chat" }).fill("tides");
        await expect(page.getByRole("search").getByRole("status")).toContainText("1 of");
        await expect(page.locator("[aria-current=true]")).toBeInViewport();
        await chat.answer.getByText("Some words").click({ clickCount: 3 });
        await expect(page.getByRole("button", { name: "Quote", exact: true })).toBeVisible();
        await shoot(page, "find-and-quote");
        await page.keyboard.press("Control+/");
        await expect(page.getByRole("dialog")).toBeVisible();
        await shoot(page, "shortcuts");
        await page.goto(`/chats/${chatId}/read`);
        await expect(page.getByRole("button", { name: "Print" })).toBeEnabled();
        await shoot(page, "reading");
      });

      test("chat, menu and dialogs", async ({ api, chat, page }) => {
        await chat.open(await furnish(api));
        await expect(chat.answer.locator("pre code span").nth(3)).toBeVisible();
        await shoot(page, "chat");
        if (screen === "phone") {
          await page.getByRole("button", { name: "Open the list of chats" }).tap();
          await expect(chat.row("Packing list")).toBeVisible();
          await shoot(page, "list");
        }
        const row = chat.sidebar.getByRole("listitem").nth(2);
        await row.hover();
        await row.getByRole("button", { name: /^Actions for/ }).click();
        await shoot(page, "menu");
        await page.getByRole("menuitem", { name: "Delete" }).click();
        await expect(page.getByRole("alertdialog")).toBeVisible();
        await shoot(page, "dialog");
      });

      test("settings and account", async ({ api, chat, page }) => {
        const chatId = await furnish(api);
        await api.call("PATCH", `/api/chats/${chatId}/`, { instructions: "Show code first." });
        await api.call("POST", "/api/keys/", { name: "laptop" });
        await chat.open(chatId);
        const open = async (button: RegExp, item: string) => {
          if (screen === "phone" && (await chat.sidebar.isHidden()))
            await page.getByRole("button", { name: "Open the list of chats" }).tap();
          await chat.row("Retry with backoff").hover();
          await chat.sidebar.getByRole("button", { name: button }).first().click();
          await page.getByRole("menuitem", { name: item }).click();
        };
        const dialog = (name: string) => page.getByRole("dialog", { name });
        await open(/^Account/, "Settings");
        await expect(dialog("Settings").getByRole("textbox")).toBeVisible();
        await shoot(page, "settings");
        await page.keyboard.press("Escape");
        await open(/^Actions for “Retry/, "Instructions");
        await expect(dialog("Instructions").getByRole("textbox")).toHaveValue("Show code first.");
        await shoot(page, "instructions");
        await page.keyboard.press("Escape");
        await open(/^Account/, "Account");
        await expect(dialog("Account").getByText("laptop")).toBeVisible();
        await shoot(page, "account");
        await dialog("Account").getByRole("button", { name: "Delete my account" }).click();
        await shoot(page, "account-end");
      });

      test("everything markdown can do, and a long chat", async ({ api, chat, page }) => {
        const chatId = await furnish(api);
        for (const what of ["a table that compares", "math formula", "markdown showcase"])
          await ask(api, chatId, what);
        await chat.open(chatId);
        await expect(chat.answer.locator("pre code span").nth(3)).toBeVisible();
        await shoot(page, "long");
        await chat.answer.getByRole("heading").nth(1).scrollIntoViewIfNeeded();
        await page.mouse.move(700, 400);
        await page.mouse.wheel(0, -100);
        await shoot(page, "markdown");
        await page.mouse.wheel(0, -2200);
        await expect(page.getByRole("button", { name: "Go to the latest message" })).toBeVisible();
        await shoot(page, "scrolled-up");
      });

      test("streaming, waiting and stopped", async ({ api, chat, page }) => {
        await furnish(api);
        const waits = await script([{ hang: true }]);
        await chat.open(await api.newChat(waits, "Patience"));
        await chat.send("Is anybody there?");
        await expect(chat.answer.getByText("Waiting for")).toBeVisible();
        await shoot(page, "waiting");
        await chat.open(await api.newChat("demo", "Compare"));
        await chat.send("Compare three ways to keep notes, in a table.");
        await expect(chat.answer.locator("tbody tr").nth(1)).toBeVisible();
        await shoot(page, "streaming");
        await chat.stopButton.click();
        await chat.expectNotice("Stopped.");
        await shoot(page, "stopped");
      });

      test("versions, an edit and a link", async ({ api, chat, guard, page, context }) => {
        guard.allow(NETWORK_FAILURES);
        const chatId = await furnish(api);
        await ask(api, chatId, "And in one line?");
        await chat.open(chatId);
        await chat.answer.getByRole("button", { name: "Answer again", exact: true }).click();
        await expect(chat.answer.getByRole("group", { name: "Version 2 of 2" })).toBeVisible();
        await chat.expectSettled();
        await chat.answer.getByRole("button", { name: "Answer again by another model" }).click();
        await expect(page.getByRole("menuitem").first()).toBeVisible();
        await shoot(page, "models");
        await page.keyboard.press("Escape");
        await chat.questions.last().hover();
        await chat.questions.last().getByRole("button", { name: "Edit" }).click();
        await shoot(page, "edit");
        await context.route("**/messages/", (route) => route.abort());
        await page.getByRole("button", { name: "Save & send" }).click();
        await expect(page.getByText("Not sent.")).toBeVisible();
        await shoot(page, "edit-failed");
        await context.unroute("**/messages/");
        const stored: { id: string }[] = (await api.call("GET", `/api/chats/${chatId}/messages/`))
          .results;
        await page.goto(`/chats/${chatId}?message=${stored[2]?.id}`);
        await expect(page.locator("[aria-current=true]").first()).toBeVisible();
        await shoot(page, "link");
        await page.goto(`/chats/${chatId}?message=${chatId}`);
        await expect(page.getByText("The message that the link leads to")).toBeVisible();
        await shoot(page, "link-missing");
      });

      test("failed", async ({ api, chat, page }) => {
        await furnish(api);
        const model = await script([says("It begins well, and then"), { close: true }], {
          times: 1,
        });
        await script([says("A part of the truth"), ...finish("length")], { model });
        await chat.open(await api.newChat(model, "Bad luck"));
        await chat.send("Tell me the truth.");
        await chat.expectNotice("The answer failed.");
        await chat.send("All of it.");
        await chat.expectNotice("The answer was cut short.");
        await shoot(page, "failed");
      });

      test("offline", async ({ api, guard, line, page, context, person: _ }) => {
        guard.allow(NETWORK_FAILURES);
        const chat = new ChatPage(page, line.url);
        await chat.open(await furnish(api));
        await expect(chat.answer.locator("pre code span").nth(3)).toBeVisible();
        line.cut();
        await context.setOffline(true);
        await expect(chat.offlineLine).toBeVisible();
        await chat.send("Sent from a tunnel");
        await expect(page.getByText("Not sent.")).toBeVisible();
        await shoot(page, "offline");
      });
    });
