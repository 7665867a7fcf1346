import createClient from "openapi-fetch";
import { base } from "@/shared/base";
import { type ApiError, asApiError, errorFrom } from "./error";
import type { paths } from "./schema";

let csrfCookie = "csrftoken";

/** Sets which cookie holds the CSRF token. */
export function setCsrfCookie(name: string): void {
  csrfCookie = name;
}

/** The CSRF header that Django asks of every request that changes something. */
export function csrfHeader(): Record<string, string> {
  const start = `${csrfCookie}=`;
  const token = document.cookie.split("; ").find((cookie) => cookie.startsWith(start));
  return token ? { "X-CSRFToken": token.slice(start.length) } : {};
}

// For so long, in milliseconds, an answer may say nothing. A connection that has died without a word, as that of a phone
// that has changed its network, would be waited for until the browser gives up, which takes minutes.
const READ_TIMEOUT = 8_000;
const WRITE_TIMEOUT = 30_000;

async function fetchInTime(request: Request): Promise<Response> {
  const late = new AbortController();
  const limit = request.method === "GET" ? READ_TIMEOUT : WRITE_TIMEOUT;
  const wait = () => setTimeout(() => late.abort(), limit);
  let timer = wait();
  const end = () => clearTimeout(timer);
  const signal = AbortSignal.any([request.signal, late.signal]);
  // Looked up at each call so that a test can put its own in place.
  const response = await globalThis.fetch(request, { signal }).finally(end);
  // Chromium gives 204 a body too, with which no answer can be made.
  if (!response.body || response.status === 204) return response;
  timer = wait();
  // A large body is waited for as long as it comes, however slowly.
  const heard = new TransformStream({
    transform(piece, body) {
      end();
      timer = wait();
      body.enqueue(piece);
    },
    flush: end,
  });
  return new Response(response.body.pipeThrough(heard), response);
}

/** The typed client of the REST API; wrap its calls in `unwrap`. */
export const api = createClient<paths>({
  baseUrl: window.location.origin + base.slice(0, -1),
  fetch: fetchInTime,
});

let owner = (): string | undefined => undefined;

/** Sets how to learn whose page this is: the server refuses what is asked once somebody else is signed in. */
export function askAs(ownerId: () => string | undefined): void {
  owner = ownerId;
}

api.use({
  onRequest({ request, schemaPath }) {
    for (const [name, value] of Object.entries(csrfHeader())) request.headers.set(name, value);
    const id = owner();
    const asksWho = request.method === "GET" && schemaPath === "/api/owner/";
    if (id && !asksWho) request.headers.set("X-Chattable-Owner", id);
    return request;
  },
});

let signedOut = (_: ApiError) => {};

/** Sets what happens when the server says that nobody is signed in, or somebody else. */
export function onSignedOut(callback: (error: ApiError) => void): void {
  signedOut = callback;
}

interface Result<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The data of a call, or its ApiError thrown; a 401 ends the session. */
export async function unwrap<T>(call: Promise<Result<T>>): Promise<T> {
  return dataOf(call).catch((thrown: unknown) => {
    const error = asApiError(thrown);
    if (error.status === 401) signedOut(error);
    throw thrown;
  });
}

/** The data of a call, or its ApiError thrown. */
export async function dataOf<T>(call: Promise<Result<T>>): Promise<T> {
  const { data, error, response } = await call.catch((thrown: unknown) => {
    throw asApiError(thrown);
  });
  if (!response.ok) throw errorFrom(response.status, error);
  return data as T;
}
