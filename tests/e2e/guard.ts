import { type BrowserContext, expect } from "@playwright/test";
import { stack } from "./stack";

/** Watches everything a page does: errors, warnings, violations of the policy, dialogs, strangers' hosts. */
export class Guard {
  readonly #problems: string[] = [];
  readonly #allowed: RegExp[] = [
    // The browser's own lines about the page's question whether anybody is signed in, and about how logging out ends.
    /401.*api\/owner/,
    /401.*_allauth\/browser\/v1\/auth\/session/,
  ];

  watch(context: BrowserContext): void {
    context.on("console", (message) => {
      if (["error", "warning"].includes(message.type()))
        this.#report(`${message.type()}: ${message.text()} (${message.location().url})`);
    });
    context.on("weberror", (error) => this.#report(`uncaught: ${error.error().stack}`));
    context.on("dialog", (dialog) => {
      this.#report(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    context.on("request", (request) => {
      if (!isOurs(request.url())) this.#report(`a request to ${request.url()}`);
    });
    context.on("response", (response) => {
      if (!response.request().isNavigationRequest()) return;
      const policy = response.headers()["content-security-policy"] ?? "";
      if (!policy.includes("script-src 'self'") || policy.includes("unsafe"))
        this.#report(`the policy of ${response.url()} is “${policy}”`);
    });
  }

  /** This test provokes such a line on purpose. */
  allow(pattern: RegExp): void {
    this.#allowed.push(pattern);
  }

  /** How many of the problems so far are of this kind. */
  found(pattern: RegExp): number {
    return this.#problems.filter((problem) => pattern.test(problem)).length;
  }

  verify(): void {
    const isAllowed = (problem: string) => this.#allowed.some((pattern) => pattern.test(problem));
    expect(this.#problems.filter((problem) => !isAllowed(problem))).toEqual([]);
  }

  #report(problem: string): void {
    this.#problems.push(problem);
  }
}

/** The browser's lines about requests that fail because a test wants them to. */
export const NETWORK_FAILURES = /Failed to load resource|WebSocket connection to/;

function isOurs(address: string): boolean {
  const { protocol, hostname } = new URL(address);
  return hostname === new URL(stack().url).hostname || ["data:", "blob:"].includes(protocol);
}
