import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createChat, deleteChat, updateChat } from "@/shared/api/chats";
import { onSignedOut, setCsrfCookie } from "@/shared/api/client";
import { configQuery } from "@/shared/api/config";
import { ApiError } from "@/shared/api/error";
import { fetchMessages } from "@/shared/api/messages";
import { fetchSession, login, logout, whoIsSignedIn } from "@/shared/api/session";
import { FakeServer, makeChat } from "../../fake-server";

const SESSION = "GET /api/owner/";
const USER = { id: "3", name: "ann@example.org", instructions: "" };
const nobody = { status: 401, body: { code: "not_authenticated", detail: "Log in." } };

let server: FakeServer;
beforeEach(() => {
  server = new FakeServer();
});
afterEach(() => {
  onSignedOut(() => {});
  setCsrfCookie("csrftoken");
  document.cookie = "csrftoken=; max-age=0";
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const thrownBy = (promise: Promise<unknown>): Promise<ApiError> =>
  promise.then(
    () => expect.unreachable("it should have failed"),
    (thrown: unknown) => {
      if (thrown instanceof ApiError) return thrown;
      throw thrown;
    },
  );

it("sends the CSRF token of the cookie with what changes something", async () => {
  document.cookie = "other=1";
  document.cookie = "csrftoken=abc123";
  server.on("PATCH /api/chats/*/", () => ({ body: makeChat() }));
  await updateChat("chat-1", { title: "x" });
  expect(server.requests[0]?.headers.get("X-CSRFToken")).toBe("abc123");
});

it("reads the token of the cookie that the server names", async () => {
  document.cookie = "csrftoken=of-another-app";
  document.cookie = "of_host=abc123";
  server.on("GET /api/config/", () => ({
    body: { login: "/enter/", features: [], csrf_cookie: "of_host" },
  }));
  server.on("PATCH /api/chats/*/", () => ({ body: makeChat() }));
  await new QueryClient().fetchQuery(configQuery);
  await updateChat("chat-1", { title: "x" });
  expect(server.requests[1]?.headers.get("X-CSRFToken")).toBe("abc123");
});

it("gives a request up that nobody answers, as on a connection that has died without a word", async () => {
  vi.useFakeTimers();
  const hang = (_: Request, { signal }: { signal: AbortSignal }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  vi.stubGlobal("fetch", vi.fn(hang));
  const read = thrownBy(fetchMessages("chat-1"));
  const written = thrownBy(updateChat("chat-1", { title: "x" }));
  await vi.advanceTimersByTimeAsync(8_000);
  expect(await read).toMatchObject({ status: 0, code: "unreachable" });
  await vi.advanceTimersByTimeAsync(22_000);
  expect(await written).toMatchObject({ status: 0, code: "unreachable" });
});

it("gives an answer up that dies on its way, and waits for one that only comes slowly", async () => {
  vi.useFakeTimers();
  const pieces = ['{"results":[],', '"siblings":{},', '"length":0}'].map((text) =>
    new TextEncoder().encode(text),
  );
  let left = 0;
  const crawl = async (_: Request, { signal }: { signal: AbortSignal }) => {
    const coming = pieces.slice(0, left);
    const body = new ReadableStream({
      start: (end) => signal.addEventListener("abort", () => end.error(signal.reason)),
      async pull(end) {
        const piece = coming.shift();
        await new Promise((resolve) => setTimeout(resolve, piece ? 7_000 : 60_000));
        if (signal.aborted) return;
        if (piece) end.enqueue(piece);
        if (piece === pieces[2]) end.close();
      },
    });
    return new Response(body);
  };
  vi.stubGlobal("fetch", vi.fn(crawl));
  left = 3;
  const slow = fetchMessages("chat-1");
  await vi.advanceTimersByTimeAsync(21_000);
  expect(await slow).toMatchObject({ length: 0 });
  left = 1;
  const dead = thrownBy(fetchMessages("chat-1"));
  await vi.advanceTimersByTimeAsync(15_000);
  expect(await dead).toMatchObject({ status: 0, code: "unreachable" });
});

it("throws the server's code, words and fields", async () => {
  server.on("POST /api/chats/", () => ({
    status: 400,
    body: {
      code: "invalid",
      detail: "Some fields are wrong.",
      fields: { title: [{ code: "max_length", detail: "Too long." }] },
    },
  }));
  const error = await thrownBy(createChat({ id: "x" }));
  expect(error).toMatchObject({ status: 400, code: "invalid", message: "Some fields are wrong." });
  expect(error.field("title")).toBe("Too long.");
  expect(error.field("model")).toBeUndefined();
});

it.each([
  ["no network", () => "network error" as const, 0],
  [
    "a proxy's page instead of an answer",
    () => ({ status: 502, body: "<h1>Bad gateway</h1>" }),
    502,
  ],
])("calls the server unreachable on %s", async (_name, answer, status) => {
  server.on("GET /api/chats/*/messages/", answer);
  expect(await thrownBy(fetchMessages("chat-1"))).toMatchObject({ status, code: "unreachable" });
});

it("says once for all calls that nobody is signed in any more", async () => {
  const ended = vi.fn();
  onSignedOut(ended);
  server.on("GET /api/chats/*/messages/", () => ({
    status: 401,
    body: { code: "not_authenticated", detail: "Log in." },
  }));
  expect(await thrownBy(fetchMessages("chat-1"))).toMatchObject({ status: 401 });
  expect(ended).toHaveBeenCalledTimes(1);
});

it("takes an empty answer as done, also where a browser gives it a body", async () => {
  const answer = new Response(null, { status: 204 });
  Object.defineProperty(answer, "body", { value: new Response("").body });
  vi.stubGlobal("fetch", vi.fn().mockResolvedValue(answer));
  await expect(deleteChat("chat-1")).resolves.toBeUndefined();
});

it("reads who is signed in, and takes nobody for no error", async () => {
  const ended = vi.fn();
  onSignedOut(ended);
  server.on(SESSION, () => nobody);
  expect(await fetchSession()).toBeNull();
  server.on(SESSION, () => ({ body: USER }));
  expect(await fetchSession()).toEqual(USER);
  server.on(SESSION, () => ({ status: 503, body: { code: "unreachable", detail: "Later." } }));
  expect(await thrownBy(fetchSession())).toMatchObject({ status: 503 });
  expect(ended).not.toHaveBeenCalled();
});

it("reads allauth's errors by field, and its 401 after a logout", async () => {
  server.on("POST /_allauth/browser/v1/auth/login", () => ({
    status: 400,
    body: { errors: [{ code: "email_password_mismatch", message: "Wrong.", param: "password" }] },
  }));
  const error = await thrownBy(login({ email: "a@b.c", password: "x" }));
  expect(error.field("password")).toBe("Wrong.");
  server.on("DELETE /_allauth/browser/v1/auth/session", () => ({
    status: 401,
    body: { meta: { is_authenticated: false } },
  }));
  await expect(logout()).resolves.toBeUndefined();
});

it("takes a login that another tab was faster with as a login", async () => {
  server.on("POST /_allauth/browser/v1/auth/login", () => ({ status: 409, body: {} }));
  server.on(SESSION, () => ({ body: USER }));
  expect(await login({ email: "ann@example.org", password: "x" })).toEqual(USER);
});

it("believes the end of a session only when a renewed cookie had time to come", async () => {
  const answers = [nobody, { body: USER }];
  server.on(SESSION, () => answers.shift() ?? nobody);
  vi.useFakeTimers();
  const renewed = whoIsSignedIn();
  await vi.runAllTimersAsync();
  expect(await renewed).toEqual(USER);
  const ended = whoIsSignedIn();
  await vi.runAllTimersAsync();
  expect(await ended).toBeNull();
});
