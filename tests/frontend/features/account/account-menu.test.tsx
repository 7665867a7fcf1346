import { fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { AccountMenu } from "@/features/account/account-menu";
import { sessionKey } from "@/shared/api/session";
import { FakeServer } from "../../fake-server";
import { renderPage, USER } from "../../render-page";

let server: FakeServer;
beforeEach(() => {
  server = new FakeServer();
  server.on("GET /api/owner/", () => ({ body: USER }));
  server.on("GET /_allauth/browser/v1/auth/sessions", () => ({ body: { data: [] } }));
  server.on("GET /api/keys/", () => ({ body: { results: [] } }));
});
afterEach(() => vi.unstubAllGlobals());

async function openMenu(features: string[]) {
  server.on("GET /api/config/", () => ({ body: { login: null, features, csrf_cookie: "c" } }));
  const { client } = await renderPage(AccountMenu);
  await waitFor(() => expect(client.getQueryData(["config"])).toBeDefined());
  fireEvent.keyDown(screen.getByRole("button", { name: /^Account/ }), { key: "Enter" });
  return client;
}

const names = (elements: HTMLElement[]) => elements.map(({ textContent }) => textContent);

it.each([
  [[], ["Settings"]],
  [["login"], ["Settings", "Log out"]],
  [
    ["login", "api_keys"],
    ["Settings", "Account", "Log out"],
  ],
])("with %j it offers %j", async (features, items) => {
  await openMenu(features);
  expect(names(await screen.findAllByRole("menuitem"))).toEqual(items);
});

it.each([
  [["password"], ["Change password"]],
  [["api_keys"], ["API keys"]],
  [
    ["password", "sessions", "api_keys", "delete_account"],
    ["Change password", "Where you are logged in", "API keys", "Delete account"],
  ],
])("the account of a server with %j has %j", async (features, parts) => {
  await openMenu(features);
  fireEvent.click(await screen.findByRole("menuitem", { name: "Account" }));
  await screen.findByRole("dialog", { name: "Account" });
  expect(names(screen.getAllByRole("heading", { level: 3 }))).toEqual(parts);
});

it("saves instructions, says what is wrong with them, and keeps what is written", async () => {
  const client = await openMenu([]);
  fireEvent.click(await screen.findByRole("menuitem", { name: "Settings" }));
  const box = await screen.findByRole<HTMLTextAreaElement>("textbox");
  const save = () => fireEvent.click(screen.getByRole("button", { name: "Save" }));
  fireEvent.input(box, { target: { value: "Be brief." } });
  const detail = "Use at most 5 characters.";
  server.on("PATCH /api/owner/", () => ({
    status: 400,
    body: {
      code: "invalid",
      detail: "Check.",
      fields: { instructions: [{ code: "max_length", detail }] },
    },
  }));
  save();
  await screen.findByText(detail);
  expect(box.value).toBe("Be brief.");

  client.setQueryData(sessionKey, { ...USER, instructions: "From elsewhere." });
  await waitFor(() => expect(screen.queryByText("Saved.")).toBeNull());
  expect(box.value).toBe("Be brief.");
  server.on("PATCH /api/owner/", ({ body }) => ({ body: { ...USER, ...body } }));
  save();
  await screen.findByText("Saved.");
  expect(server.asked("PATCH /api/owner/").at(-1)?.body).toEqual({ instructions: "Be brief." });
  expect(client.getQueryData(sessionKey)).toEqual({ ...USER, instructions: "Be brief." });
});

it("keeps instructions that are not saved when their dialog is closed, and not once they are", async () => {
  await openMenu([]);
  const open = async () => {
    fireEvent.click(await screen.findByRole("menuitem", { name: "Settings" }));
    return screen.findByRole<HTMLTextAreaElement>("textbox");
  };
  const reopen = async () => {
    fireEvent.keyDown(screen.getByRole("dialog"), { key: "Escape" });
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    fireEvent.keyDown(screen.getByRole("button", { name: /^Account/ }), { key: "Enter" });
    return open();
  };
  const first = await open();
  fireEvent.input(first, { target: { value: "Half a thou" } });
  fireEvent.keyDown(first, { key: "Escape", isComposing: true });
  expect(first.isConnected).toBe(true);
  expect((await reopen()).value).toBe("Half a thou");
  await screen.findByText("Not saved yet.");

  server.on("PATCH /api/owner/", ({ body }) => ({ body: { ...USER, ...body } }));
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  await screen.findByText("Saved.");
  fireEvent.input(screen.getByRole("textbox"), { target: { value: "" } });
  expect((await reopen()).value).toBe("Half a thou");
  expect(screen.queryByText("Not saved yet.")).toBeNull();
});
