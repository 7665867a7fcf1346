import { randomUUID } from "node:crypto";
import { type APIRequestContext, test as base, expect } from "@playwright/test";
import { ChatPage } from "./chat-page";
import { Guard } from "./guard";
import { Line } from "./line";
import { script } from "./provider";
import { runPython, stack } from "./stack";

export { expect };

export interface Person {
  email: string;
  password: string;
}

interface Fixtures {
  guard: Guard;
  /** Somebody new, signed in in this test's browser. */
  person: Person;
  /** Somebody new who has no account yet. */
  stranger: Person;
  api: Api;
  /** A wire to the server that can be cut. */
  line: Line;
  chat: ChatPage;
}

/** The REST API with the browser's cookies. */
export class Api {
  readonly http: APIRequestContext;

  constructor(http: APIRequestContext) {
    this.http = http;
  }

  async call(method: string, path: string, data?: object) {
    const { cookies } = await this.http.storageState();
    const token = cookies.find(({ name }) => name === "csrftoken")?.value ?? "";
    const headers = { "X-CSRFToken": token };
    // The server closes an idle connection after a while, perhaps in the moment in which it is used again.
    const options = { method, data, headers, maxRetries: 1 };
    const answer = await this.http.fetch(stack().url + path, options);
    expect(answer.ok(), `${method} ${path}: ${answer.status()} ${await answer.text()}`).toBe(true);
    return answer.status() === 204 ? null : answer.json();
  }

  /** A new chat whose answers come from a model that plays these steps. */
  async newChat(model: string, title = "A chat"): Promise<string> {
    return (await this.call("POST", "/api/chats/", { title, model })).id;
  }

  /** A new chat that holds these messages already, question by answer. */
  async chatOf(messages: string[], title = "A long chat"): Promise<string> {
    const { id } = await this.call("POST", "/api/chats/", { title });
    runPython("seed.py", JSON.stringify({ chat: id, messages }));
    return id;
  }

  async messages(
    chatId: string,
  ): Promise<{ id: string; role: string; content: string; status: string }[]> {
    return (await this.call("GET", `/api/chats/${chatId}/messages/`)).results;
  }

  /** Waits until the chat's last message is in a final state. */
  async expectSettled(chatId: string): Promise<void> {
    await expect
      .poll(async () => (await this.messages(chatId)).at(-1)?.status, { timeout: 30_000 })
      .toMatch(/^(complete|stopped|failed)$/);
  }
}

export const test = base.extend<Fixtures>({
  baseURL: async ({ browserName: _ }, use) => use(stack().url),
  // Each test comes from an address of its own, or the limit on sign-ups would meet it.
  extraHTTPHeaders: async ({ browserName: _ }, use) =>
    use({ "X-Forwarded-For": `10.${byte()}.${byte()}.${byte()}` }),
  guard: [
    async ({ context }, use) => {
      const guard = new Guard();
      guard.watch(context);
      await use(guard);
      guard.verify();
    },
    { auto: true },
  ],
  stranger: async ({ browserName: _ }, use) =>
    use({ email: `${randomUUID()}@example.com`, password: "correct-horse-42" }),
  api: async ({ context }, use) => use(new Api(context.request)),
  person: async ({ stranger, api }, use) => {
    await api.call("GET", "/api/config/");
    await api.call("POST", "/_allauth/browser/v1/auth/signup", stranger);
    await use(stranger);
  },
  line: async ({ browserName: _ }, use) => {
    const line = await Line.to(stack().url);
    await use(line);
    await line.close();
  },
  chat: async ({ page, person: _ }, use) => use(new ChatPage(page)),
});

/** Opens a new chat of a model that plays these steps. */
export async function openScripted(
  { api, chat }: { api: Api; chat: ChatPage },
  ...[steps, options]: Parameters<typeof script>
): Promise<{ chatId: string; model: string }> {
  const model = await script(steps, options);
  const chatId = await api.newChat(model);
  await chat.open(chatId);
  return { chatId, model };
}

const byte = () => Math.floor(Math.random() * 254) + 1;
