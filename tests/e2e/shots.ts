import type { Page } from "@playwright/test";
import { ChatPage } from "./chat-page";
import { NETWORK_FAILURES } from "./guard";
import { finish, says, script } from "./provider";
import { renderings, shoot as shootAll } from "./renderings";
import { type Api, expect, test } from "./test";

const devices = {
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
  "مقدمة قصيرة في علم الفلك",
  "Packing list",
];
const WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft";
const ARABIC =
  "## السماء في الليل\n\nيمكنك رؤية **المشتري** بالعين المجردة. يكتب العدد `42` والاسم Jupiter بينها.\n\n- الكوكب الأول\n- الكوكب الثاني\n\n| الكوكب | البعد |\n|---|---|\n| المريخ | 228 |";
const RECIPE = "Please show me some Python code that tries again when a call fails.";

/** A few chats, the newest of which asks for code. */
async function furnish(api: Api): Promise<string> {
  for (const title of TITLES) await api.newChat("demo-fast", title);
  const chatId = await api.newChat("demo-fast", "Retry with backoff");
  await ask(api, chatId, RECIPE);
  return chatId;
}

async function ask(api: Api, chatId: string, content: string): Promise<void> {
  await api.call("POST", `/api/chats/${chatId}/messages/`, { content });
  await api.expectSettled(chatId);
}

for (const device of ["desktop", "phone"] as const)
  test.describe(device, () => {
    test.use({
      ...devices[device],
      contextOptions: { reducedMotion: "reduce" },
      stranger: async ({ browserName: _ }, use) =>
        use({ email: `ada.${Date.now() % 100_000}@example.com`, password: "correct-horse-42" }),
    });
    test.beforeEach(({ guard }) => {
      test.setTimeout(40_000 * Object.keys(renderings[device]).length);
      guard.allow(NETWORK_FAILURES);
    });
    const shoot = (page: Page, state: string) => shootAll(page, device, state);
    const openList = async (page: Page) => {
      const list = page.getByRole("navigation", { name: "Chats" });
      if (device === "phone" && (await list.isHidden()))
        await page.getByRole("button", { name: "Open the list of chats" }).tap();
      await expect(list.getByRole("link").nth(2)).toBeVisible();
      return list;
    };

    test("before the chat", async ({ page, context }) => {
      await page.goto("/login?next=/chats/some");
      await expect(page.getByRole("button", { name: "Log in" })).toBeVisible();
      await shoot(page, "signed-out");
      await page.goto("/signup");
      await page.getByLabel("Email").fill("somebody@example.com");
      await page.getByLabel("Password").fill("short");
      await page.getByRole("button", { name: "Sign up" }).click();
      await expect(page.getByText(/too short/)).toBeVisible();
      await shoot(page, "signup-refused");
      await page.goto("/nowhere");
      await expect(page.getByText("nothing at this address")).toBeVisible();
      await shoot(page, "not-found");
      await context.route("**/api/**", (route) => route.abort());
      await page.goto("/");
      await expect(page.getByText("cannot be reached")).toBeVisible({ timeout: 30_000 });
      await shoot(page, "unreachable");
    });

    test("empty, and what cannot be loaded", async ({ api, chat, page, context }) => {
      await chat.open();
      const picker = page.getByRole("button", { name: /^Model: demo/ });
      await expect(picker).toBeVisible();
      await shoot(page, "empty");
      await picker.click();
      await expect(page.getByRole("menuitemradio").first()).toBeVisible();
      await shoot(page, "model-picker");
      const chatId = await furnish(api);
      await context.route(/api\/chats\/(\?|$|.*messages\/)/, (route) => route.abort());
      await chat.open(chatId);
      await expect(page.getByText("The messages of this chat could not")).toBeVisible({
        timeout: 30_000,
      });
      await shoot(page, "load-failed");
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

    test("chat, list, menus and delete", async ({ api, chat, page }) => {
      await chat.open(await furnish(api));
      await expect(chat.answer.locator("pre code span").nth(3)).toBeVisible();
      await shoot(page, "chat");
      const list = await openList(page);
      if (device === "phone") await shoot(page, "list");
      await list.getByRole("button", { name: /^Account/ }).click();
      await expect(page.getByRole("menuitem").first()).toBeVisible();
      await shoot(page, "account-menu");
      await page.keyboard.press("Escape");
      const row = (await openList(page)).getByRole("listitem").nth(2);
      await row.hover();
      await row.getByRole("button", { name: /^Actions for/ }).click();
      await shoot(page, "menu");
      await page.getByRole("menuitem", { name: "Delete" }).click();
      await expect(page.getByRole("alertdialog")).toBeVisible();
      await shoot(page, "delete");
    });

    test("settings and account", async ({ api, chat, page }) => {
      const chatId = await furnish(api);
      await api.call("PATCH", `/api/chats/${chatId}/`, { instructions: "Show code first." });
      await api.call("POST", "/api/keys/", { name: "laptop" });
      await chat.open(chatId);
      const open = async (button: RegExp, item: string) => {
        await (await openList(page)).getByRole("link", { name: "Retry with backoff" }).hover();
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

    test("everything markdown can do", async ({ api, chat, page }) => {
      const chatId = await furnish(api);
      for (const what of ["a table that compares", "math formula", "markdown showcase"])
        await ask(api, chatId, what);
      await chat.open(chatId);
      await expect(chat.answer.locator("pre code span").nth(3)).toBeVisible();
      await shoot(page, "code-and-formula");
      await chat.box.focus();
      for (let turns = 0; turns < 3; turns++) await page.keyboard.press("Alt+ArrowUp");
      await expect(page.getByRole("button", { name: "Go to the latest message" })).toBeVisible();
      await shoot(page, "markdown-and-pill");
      for (let turns = 0; turns < 4; turns++) await page.keyboard.press("Alt+ArrowUp");
      await shoot(page, "table");
    });

    test("right to left, long words, a folded question", async ({ api, chat, page }) => {
      const long = Array.from({ length: 30 }, (_, at) => `${at + 1}. A line of a long question.`);
      const turns = [
        "ماذا أرى في السماء؟",
        ARABIC,
        `${WORD}?`,
        `It is ${WORD.repeat(3)}.\n\n| ${WORD} | b | c | d |\n|---|---|---|---|\n| ${WORD} | 1 | 2 | 3 |`,
      ];
      await chat.open(await api.chatOf(turns, WORD));
      await expect(chat.answers).toHaveCount(2);
      await shoot(page, "rtl-and-long-words");
      await chat.open(await api.chatOf([long.join("\n"), "Noted."], "A long question"));
      await expect(page.getByRole("button", { name: "Show all" })).toBeVisible();
      await shoot(page, "folded-question");
    });

    test("waiting, thinking, streaming, queue and stopped", async ({ api, chat, page }) => {
      await furnish(api);
      await chat.open(await api.newChat(await script([{ hang: true }]), "Patience"));
      await chat.send("Is anybody there?");
      await expect(chat.answer.getByText("Waiting for")).toBeVisible();
      await shoot(page, "waiting");
      await chat.open(await api.newChat("demo-reasoning", "Thoughts"));
      await chat.send("hello");
      await chat.expectSettled();
      await chat.answer.getByText(/^Thought for /).click();
      await shoot(page, "reasoning");
      const begun =
        "Three ways to keep notes:\n\n1. **Paper** is always on.\n2. **Files** can be searched.\n\n| Way | Cost |\n|---|---|\n| Paper | 3 |\n| Files | 0 |\n\n```py\nfor note in no";
      await chat.open(await api.newChat(await script([says(begun), { hang: true }]), "Compare"));
      await chat.send("Compare three ways to keep notes, in a table.");
      await expect(chat.answer.locator("pre")).toBeVisible();
      await shoot(page, "streaming");
      for (const text of [
        "And which one for a phone?",
        `A longer one. ${RECIPE} ${RECIPE} ${RECIPE}`,
      ]) {
        await chat.send(text);
        await expect(chat.cards.filter({ hasText: text })).toBeVisible();
      }
      await chat.box.fill("A draft that is not sent yet");
      await shoot(page, "queue");
      await chat.cards.first().getByRole("button", { name: "Edit waiting message" }).click();
      await expect(page.getByRole("textbox", { name: "Edit your waiting" })).toBeFocused();
      await shoot(page, "queue-edit");
      await page.keyboard.press("Escape");
      for (const _ of [1, 2])
        await chat.cards.first().getByRole("button", { name: "Take back" }).click();
      await chat.stopButton.click();
      await chat.expectNotice("Stopped.");
      await shoot(page, "stopped");
    });

    test("versions, an edit and a link", async ({ api, chat, page, context }) => {
      const chatId = await furnish(api);
      await ask(api, chatId, "And in one line?");
      await chat.open(chatId);
      await chat.answer.getByRole("button", { name: "Answer again", exact: true }).click();
      await expect(chat.answer.getByRole("group", { name: "Version 2 of 2" })).toBeVisible();
      await chat.expectSettled();
      await chat.answer.getByRole("button", { name: "Answer again by another model" }).click();
      await expect(page.getByRole("menuitem").first()).toBeVisible();
      await shoot(page, "versions-and-models");
      await page.keyboard.press("Escape");
      await chat.questions.last().hover();
      await chat.questions.last().getByRole("button", { name: "Edit" }).click();
      await shoot(page, "edit");
      await context.route("**/messages/", (route) => route.abort());
      await page.getByRole("button", { name: "Save & send" }).click();
      await expect(page.getByText("Not sent.")).toBeVisible();
      await shoot(page, "edit-failed");
      await page.getByRole("button", { name: "Cancel" }).click();
      await context.unroute("**/messages/");
      const refusal = { code: "invalid", detail: "Send it shorter: 1,000,000 characters at most." };
      await context.route("**/messages/", (route) => route.fulfill({ status: 400, json: refusal }));
      await chat.send("Too much of it.");
      await expect(page.getByText("Not sent.")).toBeVisible();
      await shoot(page, "refused");
      await context.unroute("**/messages/");
      const [, , second] = await api.messages(chatId);
      await page.goto(`/chats/${chatId}?message=${second?.id}`);
      await expect(page.locator("[aria-current=true]").first()).toBeVisible();
      await shoot(page, "link");
      await page.goto(`/chats/${chatId}?message=${chatId}`);
      await expect(page.getByText("The message that the link leads to")).toBeVisible();
      await shoot(page, "link-missing");
    });

    test("failed", async ({ api, chat, page }) => {
      await furnish(api);
      const model = await script([says("It begins well, and then"), { close: true }], { times: 1 });
      await script([says("A part of the truth"), ...finish("length")], { model });
      await chat.open(await api.newChat(model, "Bad luck"));
      await chat.send("Tell me the truth.");
      await chat.expectNotice("The answer failed.");
      await chat.send("All of it.");
      await chat.expectNotice("The answer was cut short.");
      await shoot(page, "failed");
    });

    test("a long text", async ({ chat, page, context }) => {
      await context.grantPermissions(["clipboard-read", "clipboard-write"]);
      await chat.open();
      await page.evaluate(
        (text) => navigator.clipboard.writeText(text),
        "A line of some words, as in a log.\n".repeat(4_000),
      );
      await chat.box.fill("What went wrong here?");
      await chat.box.press("Control+v");
      await expect(page.getByText(/^Long text, /).first()).toBeVisible();
      await shoot(page, "long-text");
      await chat.box.press("Enter");
      await chat.expectSettled();
      await expect(page.getByRole("button", { name: "Show all" })).toBeVisible();
      await shoot(page, "long-text-sent");
    });

    test("offline", async ({ api, line, page, context, person: _ }) => {
      const chat = new ChatPage(page, line.url);
      await chat.open(await furnish(api));
      await expect(chat.answer.locator("pre code span").nth(3)).toBeVisible();
      line.cut();
      await context.setOffline(true);
      await expect(chat.offlineLine).toBeVisible();
      await chat.send("Sent from a tunnel");
      await expect(chat.unsent.getByText("Not sent yet.")).toBeVisible();
      await shoot(page, "offline-and-unsent");
    });
  });
