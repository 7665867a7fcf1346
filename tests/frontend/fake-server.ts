import { vi } from "vitest";
import type { Chat, Message } from "@/shared/api/types";

type Answer = { status?: number; body?: unknown } | "network error";
type Handler = (request: Recorded) => Answer | Promise<Answer>;

export interface Recorded {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: Headers;
  body: Record<string, unknown>;
}

/** Stands in for the network: answers by "METHOD /path", records what was asked. */
export class FakeServer {
  readonly requests: Recorded[] = [];
  readonly #handlers = new Map<string, Handler>();

  constructor() {
    vi.stubGlobal("fetch", (input: RequestInfo | URL, init?: RequestInit) =>
      this.#fetch(input, init),
    );
  }

  on(route: string, handler: Handler): this {
    this.#handlers.set(route, handler);
    return this;
  }

  asked(route: string): Recorded[] {
    return this.requests.filter(({ method, path }) => matches(route, `${method} ${path}`));
  }

  async #fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const request =
      input instanceof Request ? input : new Request(new URL(String(input), location.href), init);
    const url = new URL(request.url);
    const text = await request.text();
    const recorded: Recorded = {
      method: request.method,
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: text ? JSON.parse(text) : {},
    };
    this.requests.push(recorded);
    const route = [...this.#handlers.keys()].find((key) =>
      matches(key, `${request.method} ${url.pathname}`),
    );
    const handler = route && this.#handlers.get(route);
    const answer = handler
      ? await handler(recorded)
      : {
          status: 404,
          body: { code: "not_found", detail: `No ${request.method} ${url.pathname}` },
        };
    if (answer === "network error") throw new TypeError("Failed to fetch");
    const { status = 200, body } = answer;
    return new Response(status === 204 ? null : JSON.stringify(body), {
      status,
      headers: { "Content-Type": "application/json" },
    });
  }
}

/** `*` in a route stands for one part of the path. */
const matches = (route: string, asked: string) =>
  new RegExp(`^${route.replaceAll(/[.?+]/g, "\\$&").replaceAll("*", "[^/]+")}$`).test(asked);

const NOW = "2026-01-15T12:00:00Z";

export const makeChat = (chat: Partial<Chat> = {}): Chat => ({
  id: "chat-1",
  title: "A chat",
  model: "demo",
  instructions: "",
  parameters: {},
  current_leaf: null,
  version: 1,
  created_at: NOW,
  updated_at: NOW,
  active_at: NOW,
  ...chat,
});

export const makeMessage = (message: Partial<Message> = {}): Message => ({
  id: "message-1",
  chat: "chat-1",
  parent: null,
  role: "user",
  content: "",
  reasoning: "",
  model: "",
  status: "complete",
  finish_reason: "",
  error: null,
  retry_at: null,
  reasoning_ms: null,
  rev: 0,
  version: 1,
  content_length: 0,
  reasoning_length: 0,
  created_at: NOW,
  updated_at: NOW,
  ...message,
});
