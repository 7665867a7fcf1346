import { createMemoryHistory } from "@tanstack/react-router";
import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { App } from "@/app/app";
import { onSignedOut } from "@/shared/api/client";
import { FakeServer, makeChat } from "../fake-server";
import { acceptMessages } from "../features/chat/composer/render-composer";

const SESSION = "GET /api/owner/";
const LOGIN = "POST /_allauth/browser/v1/auth/login";
const FEATURES = ["login", "signup", "password"];
const signedIn = { body: { id: "7", name: "ann@example.org", instructions: "" } };
const nobody = { status: 401, body: { code: "not_authenticated", detail: "Log in." } };

let sockets: SilentSocket[] = [];
class SilentSocket {
  onopen: (() => void) | null = null;
  onclose: ((end: { code: number }) => void) | null = null;
  constructor() {
    sockets.push(this);
  }
  close() {}
  send() {}
}

let server: FakeServer;
beforeEach(() => {
  sockets = [];
  vi.stubGlobal("WebSocket", SilentSocket);
  server = new FakeServer();
  server.on(SESSION, () => signedIn);
  server.on(LOGIN, () => {
    server.on(SESSION, () => signedIn);
    return { body: {} };
  });
  server.on("GET /api/config/", () => ({
    body: {
      login: null,
      csrf_cookie: "csrftoken",
      features: FEATURES,
      demo: false,
      demo_login: null,
    },
  }));
  server.on("GET /api/models/", () => ({ body: { results: [{ id: "demo" }], default: "demo" } }));
  server.on("GET /api/chats/", () => ({ body: { results: [makeChat()], next: null } }));
  server.on("GET /api/chats/*/", () => ({ body: makeChat() }));
  server.on("GET /api/chats/*/messages/", () => ({
    body: { results: [], siblings: {}, before: null, after: null },
  }));
});
afterEach(() => {
  onSignedOut(() => {});
  vi.unstubAllGlobals();
});

async function open(address: string) {
  const root = document.createElement("div");
  document.body.replaceChildren(root);
  const history = createMemoryHistory({ initialEntries: [address] });
  await act(async () => {
    render(<App root={root} history={history} />, { container: root });
  });
  return history;
}

it("asks a stranger to log in, and brings them to where they wanted to be", async () => {
  server.on(SESSION, () => nobody);
  const history = await open("/chats/chat-1");
  fireEvent.submit((await screen.findByLabelText("Email")).closest("form") as HTMLFormElement);
  await screen.findByRole("textbox", { name: "Message" });
  expect(history.location.pathname).toBe("/chats/chat-1");
});

it("asks to log in again after a 401, and sends what was not sent, under the same id", async () => {
  const history = await open("/chats/chat-1");
  const box = await screen.findByRole("textbox", { name: "Message" });
  const sends = "POST /api/chats/*/messages/";
  server.on(sends, () => nobody);
  fireEvent.input(box, { target: { value: "not to be lost" } });
  fireEvent.keyDown(box, { key: "Enter" });
  await screen.findByText(/You were logged out/);
  expect(history.location.pathname).toBe("/login");
  server.on(sends, () => new Promise(() => {}));
  fireEvent.submit(screen.getByLabelText("Email").closest("form") as HTMLFormElement);
  const again = await screen.findByRole<HTMLTextAreaElement>("textbox", { name: "Message" });
  expect(again.value).toBe("");
  await waitFor(() => expect(server.asked(sends)).toHaveLength(2));
  const [first, second] = server.asked(sends).map(({ body }) => body);
  expect(second).toEqual(first);
  expect(history.location.pathname).toBe("/chats/chat-1");
});

it("goes to a new chat whose turn was found after a reload, once that is sent", async () => {
  const creates = "POST /api/chats/";
  server.on(creates, () => ({ status: 503, body: { code: "away", detail: "Out for lunch." } }));
  await open("/");
  const box = await screen.findByRole("textbox", { name: "Message" });
  fireEvent.input(box, { target: { value: "not to be lost" } });
  fireEvent.keyDown(box, { key: "Enter" });
  await screen.findByText(/Out for lunch/);
  cleanup();
  server.on(creates, ({ body }) => ({ status: 201, body: makeChat(body) }));
  acceptMessages(server);
  const history = await open("/");
  const chat = server.asked(creates)[0]?.body.id;
  await waitFor(() => expect(history.location.pathname).toBe(`/chats/${chat}`));
});

it("logs out for good: to a login that leads to no old place, with no draft left", async () => {
  const history = await open("/chats/chat-1");
  const box = await screen.findByRole("textbox", { name: "Message" });
  fireEvent.input(box, { target: { value: "private" } });
  server.on("DELETE /_allauth/browser/v1/auth/session", () => nobody);
  server.on(SESSION, () => nobody);
  fireEvent.keyDown(screen.getByRole("button", { name: /^Account/ }), { key: "Enter" });
  fireEvent.click(await screen.findByRole("menuitem", { name: "Log out" }));
  await screen.findByLabelText("Email");
  expect(history.location.href).toBe("/login");
  await waitFor(() => expect(JSON.stringify(localStorage)).not.toContain("private"));
});

describe("where the host has let another person in meanwhile", () => {
  const creates = "POST /api/chats/";
  const other = { body: { id: "8", name: "bob@example.org", instructions: "" } };
  const write = async (text: string) => {
    const box = await screen.findByRole<HTMLTextAreaElement>("textbox", { name: "Message" });
    fireEvent.input(box, { target: { value: text } });
    return box;
  };
  /** What was made of requests that are meant for the one who is signed in now. */
  const onlyFor = (owner: string, route: string) => {
    const made: unknown[] = [];
    server.on(route, ({ headers, body }) => {
      if (![owner, null].includes(headers.get("X-Chattable-Owner")))
        return { status: 401, body: { code: "other_owner", detail: "Somebody else." } };
      made.push(body);
      return { status: 201, body: makeChat(body) };
    });
    return made;
  };
  const isTheirs = async () => {
    await screen.findByRole("button", { name: "Account: bob@example.org" });
    const box = await screen.findByRole<HTMLTextAreaElement>("textbox", { name: "Message" });
    expect(box.value).toBe("");
    expect(document.body.textContent).not.toContain("of Ann");
  };

  it("the page becomes theirs when its line ends, and the draft stays with its writer", async () => {
    server.on("GET /api/chats/", () => ({
      body: { results: [makeChat({ title: "A chat of Ann" })], next: null },
    }));
    await open("/");
    await screen.findByText("A chat of Ann");
    await write("a draft of Ann");
    server.on(SESSION, () => other);
    server.on("GET /api/chats/", () => ({ body: { results: [], next: null } }));
    act(() => sockets[0]?.onopen?.());
    act(() => sockets[0]?.onclose?.({ code: 4401 }));
    await isTheirs();
    cleanup();
    server.on(SESSION, () => signedIn);
    await open("/");
    const box = await screen.findByRole<HTMLTextAreaElement>("textbox", { name: "Message" });
    expect(box.value).toBe("a draft of Ann");
  });

  it("a new chat that waits is not made for them, but for its writer", async () => {
    server.on(creates, () => ({ status: 503, body: { code: "away", detail: "Out for lunch." } }));
    await open("/");
    fireEvent.keyDown(await write("a turn of Ann"), { key: "Enter" });
    await screen.findByText(/Out for lunch/);
    server.on(SESSION, () => other);
    const made = onlyFor("8", creates);
    acceptMessages(server);
    fireEvent.click(screen.getByRole("button", { name: "Try to send now" }));
    await isTheirs();
    expect(made).toEqual([]);
    cleanup();
    server.on(SESSION, () => signedIn);
    const madeForAnn = onlyFor("7", creates);
    await open("/");
    await waitFor(() => expect(madeForAnn).toEqual([server.asked(creates)[0]?.body]));
  });

  it("instructions are not kept as theirs", async () => {
    await open("/");
    fireEvent.keyDown(await screen.findByRole("button", { name: /^Account/ }), { key: "Enter" });
    fireEvent.click(await screen.findByRole("menuitem", { name: "Settings" }));
    const instructions = await screen.findByRole("textbox", { name: /instructions/i });
    fireEvent.change(instructions, { target: { value: "Be kind to Ann." } });
    server.on(SESSION, () => other);
    const changed = onlyFor("8", "PATCH /api/owner/");
    fireEvent.submit(instructions.closest("form") as HTMLFormElement);
    await screen.findByRole("button", { name: "Account: bob@example.org" });
    expect(changed).toEqual([]);
    expect(document.body.textContent).not.toContain("Be kind to Ann.");
  });
});

it("offers a way on when the server cannot be reached", async () => {
  server.on(SESSION, () => ({ status: 400, body: {} }));
  await open("/");
  const again = await screen.findByRole("button", { name: "Try again" });
  server.on(SESSION, () => signedIn);
  fireEvent.click(again);
  await screen.findByRole("textbox", { name: "Message" });
});

it("opens the list of chats as a sheet that back closes", async () => {
  const history = await open("/chats/chat-1");
  fireEvent.click(await screen.findByRole("button", { name: "Open the list of chats" }));
  await screen.findByRole("dialog", { name: "Chats" });
  act(() => history.back());
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(history.location.pathname).toBe("/chats/chat-1");
});

it("has a page for an address where nothing is", async () => {
  await open("/nothing/here");
  await screen.findByText("There is nothing at this address.");
});
