import { randomUUID } from "node:crypto";
import type { CDPSession, Page } from "@playwright/test";
import type { ChatPage } from "./chat-page";
import { finish, says, script } from "./provider";
import { type Api, expect } from "./test";

declare global {
  interface Window {
    /** Hands the page a frame as if the server had sent it. */
    deliver: (frame: unknown) => void;
    isConnected: () => boolean;
  }
}

interface Pace {
  /** How many characters a delta has. */
  step?: number;
  /** Milliseconds between two deltas, 0 for all at once, or after each a commit that `watchRenders` sees; by default the next comes when the last is painted, so that load changes no count. */
  every?: number | "commit";
}

type Message = Record<string, unknown> & { id: string };

/** A turn whose frames are played inside the page: neither server nor provider is at work, nor can they end it. */
export class Replay {
  readonly chatId: string;
  readonly #page: Page;
  readonly #answer: Message;
  #length = 0;
  #thought = 0;
  #rev = 1;

  private constructor(page: Page, chatId: string, answer: Message) {
    this.chatId = chatId;
    this.#page = page;
    this.#answer = answer;
  }

  /** Opens the chat, by default a new one of one turn, and begins another turn in it. */
  static async begin({ api, chat }: { api: Api; chat: ChatPage }, known?: string): Promise<Replay> {
    const chatId = known ?? (await newChatOfOneTurn(api));
    await chat.page.addInitScript(rememberSocket);
    await chat.open(chatId);
    const { results } = await api.call("GET", `/api/chats/${chatId}/messages/`);
    const [asked, answered] = results.slice(-2);
    const question = { ...asked, id: randomUUID(), parent: answered.id, ...now() };
    const empty = { content: "", content_length: 0, reasoning: "", reasoning_length: 0 };
    const status = { status: "streaming", finish_reason: "", rev: 1, version: 1, ...now() };
    const answer = { ...answered, id: randomUUID(), parent: question.id, ...empty, ...status };
    // The page asks for a running message that falls silent, which the server knows nothing of.
    await chat.page.route(`**/api/messages/${answer.id}/`, (route) =>
      route.fulfill({ json: answer }),
    );
    // So does a look at the chat, which must not take the turn away.
    await chat.page.route(
      (url) => url.pathname === `/api/chats/${chatId}/messages/`,
      async (route) => {
        const response = await route.fetch();
        const json = await response.json();
        await route.fulfill({ json: { ...json, results: [...json.results, question, answer] } });
      },
    );
    const replay = new Replay(chat.page, chatId, answer);
    await expect(chat.answer).toHaveAttribute("aria-busy", "false");
    await chat.page.waitForFunction(() => window.isConnected());
    await replay.#deliver({ type: "message.created", message: question });
    await replay.#deliver({ type: "message.created", message: answer });
    await expect(chat.answer).toHaveAttribute("aria-busy", "true");
    return replay;
  }

  /** Lets the answer grow by the text, which has to be plain ASCII. */
  async play(text: string, pace?: Pace): Promise<void> {
    const at = this.#length;
    this.#length += text.length;
    await deliverText(this.#page, { id: this.#answer.id, rev: this.#rev, at, text }, pace);
  }

  /** Lets the thoughts grow by these pieces, each in a frame of its own. */
  async think(pieces: string[]): Promise<void> {
    const { id } = this.#answer;
    for (const piece of pieces) {
      const at = this.#thought;
      this.#thought += piece.length;
      const reasoning = [at, this.#thought, piece];
      await this.#deliver({ type: "delta", id, rev: this.#rev, reasoning });
      await this.#page.evaluate(() => new Promise(requestAnimationFrame));
    }
  }

  /** The answer begins anew, as after the death of its worker. */
  restart(): void {
    this.#rev += 1;
    this.#length = 0;
    this.#thought = 0;
  }

  /** Ends the answer with all its text. */
  async finish(content: string): Promise<void> {
    const end = { status: "complete", finish_reason: "stop", rev: this.#rev, version: 2 };
    const message = { ...this.#answer, ...end, content, content_length: content.length };
    await this.#deliver({ type: "message.updated", message });
  }

  async #deliver(frame: unknown): Promise<void> {
    await this.#page.evaluate((told) => window.deliver(told), frame);
  }
}

interface Growth {
  id: string;
  rev: number;
  /** How long the answer is before. */
  at: number;
  text: string;
}

/** Hands the text to a page that shows a growing answer, delta by delta. */
export async function deliverText(
  page: Page,
  growth: Growth,
  { step = 160, every }: Pace = {},
): Promise<void> {
  await page.evaluate(
    async ({ id, rev, at, text, step, every }) => {
      let onPaint = () => {};
      const observer = new MutationObserver(() => onPaint());
      const place = document.querySelector('article[aria-busy="true"]');
      if (place) observer.observe(place, { childList: true, subtree: true, characterData: true });
      // Some deltas change nothing that is seen.
      const wait = (most: number) =>
        new Promise<void>((resolve) => {
          onPaint = resolve;
          setTimeout(resolve, most);
        });
      const begun = performance.now();
      for (let from = 0; from < text.length; from += step) {
        const piece = text.slice(from, from + step);
        const content = [at + from, at + from + piece.length, piece];
        const painted = every === undefined ? wait(300) : undefined;
        const commits = window.commits?.length;
        window.deliver({ type: "delta", id, rev, content });
        await painted;
        if (every === "commit")
          while (window.commits.length === commits) await new Promise(requestAnimationFrame);
        if (every === 0 || every === "commit") continue;
        const due = begun + (from / step + 1) * (every ?? 0);
        await new Promise((resolve) =>
          every === undefined
            ? requestAnimationFrame(resolve)
            : setTimeout(resolve, due - performance.now()),
        );
      }
      observer.disconnect();
    },
    { ...growth, step, every },
  );
}

const now = () => ({ created_at: new Date().toISOString(), updated_at: new Date().toISOString() });

async function newChatOfOneTurn(api: Api): Promise<string> {
  const chatId = await api.newChat(await script([says("Fine."), ...finish()]));
  await api.call("POST", `/api/chats/${chatId}/messages/`, { content: "Write" });
  await api.expectSettled(chatId);
  return chatId;
}

function rememberSocket(): void {
  const sockets: WebSocket[] = [];
  window.WebSocket = class extends WebSocket {
    constructor(...address: ConstructorParameters<typeof WebSocket>) {
      super(...address);
      sockets.push(this);
    }
  };
  window.isConnected = () => sockets.at(-1)?.readyState === WebSocket.OPEN;
  window.deliver = (frame) =>
    sockets.at(-1)?.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(frame) }));
}

/** What the page itself has done, by the browser's own books. */
export class Meter {
  readonly #devtools: CDPSession;

  private constructor(devtools: CDPSession) {
    this.#devtools = devtools;
  }

  static async of(page: Page): Promise<Meter> {
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
    return new Meter(devtools);
  }

  /** Seconds that the main thread has computed, whatever else the machine does. */
  seconds = (): Promise<number> => this.#metric("TaskDuration");

  /** Elements and bytes that are left once the garbage is collected. */
  async kept(): Promise<{ nodes: number; bytes: number }> {
    await this.#devtools.send("HeapProfiler.collectGarbage");
    return { nodes: await this.#metric("Nodes"), bytes: await this.#metric("JSHeapUsedSize") };
  }

  async #metric(wanted: string): Promise<number> {
    const { metrics } = await this.#devtools.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === wanted)?.value ?? Number.NaN;
  }
}
