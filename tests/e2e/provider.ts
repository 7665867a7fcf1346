import { randomBytes } from "node:crypto";
import { expect } from "@playwright/test";
import { stack } from "./stack";

export type Step =
  | { text: string }
  | { delay: number }
  | { hang: true }
  | { close: true }
  | { reset: true };

interface Options {
  status?: number;
  headers?: Record<string, string>;
  /** How often it is played; then comes the next script of this model. Default: for ever. */
  times?: number;
  /** Default: a new name. */
  model?: string;
}

export interface ProviderRequest {
  model: string;
  body: { messages: { role: string; content: string }[] };
  closed: number | null;
  closed_by: "client" | "server" | null;
}

const chunk = (delta: object, finish_reason: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason }] })}\n\n`;

export const DONE: Step = { text: "data: [DONE]\n\n" };
export const says = (content: string): Step => ({ text: chunk({ content }) });
export const reasons = (reasoning_content: string): Step => ({
  text: chunk({ reasoning_content }),
});
export const finish = (reason = "stop"): Step[] => [{ text: chunk({}, reason) }, DONE];
export const error = (message: string): Step => ({
  text: `data: ${JSON.stringify({ error: { message, type: "server_error", code: 500 } })}\n\n`,
});
/** The numbers from 1 to `count`, each followed by a space, so many a second. */
export const counts = (count: number, perSecond: number): Step[] => [
  ...numbers(count).flatMap((n): Step[] => [says(`${n} `), { delay: 1 / perSecond }]),
  ...finish(),
];

/** Without digits, which a test may count. */
const newName = () =>
  `model-${Array.from(randomBytes(8), (byte) => String.fromCharCode(97 + (byte % 26))).join("")}`;
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

/** Lets a model of the fake provider play these steps; returns its name. */
export async function script(steps: Step[], options: Options = {}): Promise<string> {
  const model = options.model ?? newName();
  await ask("/script", { method: "POST", body: JSON.stringify({ ...options, model, steps }) });
  return model;
}

/** What the provider was asked for under this model's name. */
export async function requestsOf(model: string): Promise<ProviderRequest[]> {
  const all: ProviderRequest[] = await ask("/requests");
  return all.filter((request) => request.model === model);
}

/** Passes when the model's first request was closed by its client. */
export const expectClosedByClient = (model: string, { within }: { within: number }) =>
  expect
    .poll(async () => (await requestsOf(model))[0]?.closed_by, { timeout: within })
    .toBe("client");

async function ask(path: string, init?: RequestInit) {
  const answer = await fetch(stack().provider + path, init);
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
