import { expect, type Locator, type Page } from "@playwright/test";

/** The page as a person sees it. */
export class ChatPage {
  readonly box: Locator;
  readonly sendButton: Locator;
  readonly stopButton: Locator;
  readonly questions: Locator;
  readonly answers: Locator;
  /** The newest answer. */
  readonly answer: Locator;
  /** The turns that wait on the box. */
  readonly cards: Locator;
  /** The turns that the server has not confirmed. */
  readonly unsent: Locator;
  readonly sidebar: Locator;
  /** Says that nothing comes now. */
  readonly offlineLine: Locator;

  readonly page: Page;
  readonly origin: string;

  constructor(page: Page, origin = "") {
    this.page = page;
    this.origin = origin;
    this.box = page.getByRole("textbox", { name: "Message", exact: true });
    this.sendButton = page.getByRole("button", { name: "Send", exact: true });
    this.stopButton = page.getByRole("button", { name: "Stop answering" });
    this.questions = page.getByRole("article", { name: "You", exact: true });
    this.answers = page.getByRole("article", { name: /^Answer/ });
    this.answer = this.answers.last();
    this.offlineLine = page.getByText("The connection is lost.");
    this.cards = page.getByRole("region", { name: "Sent when" }).getByRole("listitem");
    this.unsent = page.getByRole("region", { name: "On the way" }).getByRole("listitem");
    this.sidebar = page.getByRole("navigation", { name: "Chats" });
  }

  async open(chatId?: string): Promise<void> {
    await this.page.goto(`${this.origin}${chatId ? `/chats/${chatId}` : "/"}`);
    await expect(this.box).toBeVisible();
  }

  async send(text: string): Promise<void> {
    await this.box.fill(text);
    await this.box.press("Enter");
  }

  /** The newest answer has come to its end, and one can send again. */
  async expectSettled({ timeout = 30_000 } = {}): Promise<void> {
    await expect(this.answer).toHaveAttribute("aria-busy", "false", { timeout });
    await expect(this.stopButton).toBeHidden();
    await expect(this.sendButton).toBeVisible();
  }

  /** The answer's notice, in a final state: neither a blank bubble nor an endless spinner. */
  async expectNotice(words: string | RegExp, { timeout = 10_000 } = {}): Promise<void> {
    await expect(this.answer.getByText(words)).toBeVisible({ timeout });
    await this.expectSettled();
  }

  /** How many numbers of a counting answer are shown; fails on a hole or a repeat. */
  async counted(): Promise<number> {
    const found = await numbersOf(this.answer);
    expect(found).toEqual(found.map((_, index) => index + 1));
    return found.length;
  }

  /** Waits until a counting answer shows at least so many numbers. */
  async expectCounted(atLeast: number, { timeout = 15_000 } = {}): Promise<void> {
    await expect.poll(() => this.counted(), { timeout }).toBeGreaterThanOrEqual(atLeast);
  }

  row(title: string): Locator {
    return this.sidebar.getByRole("link", { name: title });
  }
}

/** The text of the element, waited for. */
export const textOf = async (place: Locator): Promise<string> => (await place.textContent()) ?? "";

async function numbersOf(answer: Locator): Promise<number[]> {
  const texts = await answer.locator("p").allTextContents();
  return (texts.join(" ").match(/\d+/g) ?? []).map(Number);
}
