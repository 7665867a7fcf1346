import { useParams } from "@tanstack/react-router";
import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Sidebar } from "@/features/sidebar/sidebar";
import { FakeServer, makeChat, makeMessage } from "../../fake-server";
import { renderPage } from "../../render-page";

const PATCH = "PATCH /api/chats/*/";
const DELETE = "DELETE /api/chats/*/";
const chats = ["Bread", "Tea", "Soup"].map((title, index) =>
  makeChat({ id: title.toLowerCase(), title, active_at: `2026-01-15T1${9 - index}:00:00Z` }),
);

let server: FakeServer;
beforeEach(() => {
  server = new FakeServer();
  server.on("GET /api/chats/", ({ query }) => ({
    body: query.get("cursor")
      ? { results: chats.slice(2), next: null }
      : { results: chats.slice(0, 2), next: "page-2" },
  }));
  server.on(PATCH, ({ path, body }) => ({
    body: { ...chats.find(({ id }) => path.includes(id)), ...body, version: 2 },
  }));
  server.on(DELETE, () => ({ status: 204 }));
});
afterEach(() => vi.unstubAllGlobals());

async function renderSidebar(at = "/") {
  const page = await renderPage(() => <Sidebar openId={useParams({ strict: false }).chatId} />, {
    at,
  });
  await screen.findByRole("link", { name: "Bread" });
  return page;
}
const row = (name: string) => screen.getByRole("link", { name });
const titles = () =>
  screen.getAllByRole("listitem").map((item) => within(item).getByRole("link").textContent);

async function rename(name: string, typed: string) {
  fireEvent.keyDown(row(name), { key: "F2" });
  const field = await screen.findByRole<HTMLInputElement>("textbox", { name: "Title of the chat" });
  field.value = typed;
  return field;
}

it("lists the chats and brings older ones by cursor", async () => {
  await renderSidebar();
  fireEvent.click(screen.getByRole("button", { name: "Show older chats" }));
  await screen.findByRole("link", { name: "Soup" });
  expect(titles()).toEqual(["Bread", "Tea", "Soup"]);
  expect(screen.queryByRole("button", { name: "Show older chats" })).toBeNull();
});

it("offers a way on when the list cannot be loaded", async () => {
  server.on("GET /api/chats/", () => "network error");
  await renderPage(() => <Sidebar openId={undefined} />);
  const again = await screen.findByRole("button", { name: "Try again" });
  server.on("GET /api/chats/", () => ({ body: { results: chats, next: null } }));
  fireEvent.click(again);
  await screen.findByRole("link", { name: "Bread" });
});

it("marks the open chat, and one whose answer runs", async () => {
  const { live } = await renderSidebar("/chats/tea");
  expect(row("Tea").getAttribute("aria-current")).toBe("page");
  const message = makeMessage({ id: "a", chat: "bread", role: "assistant", status: "streaming" });
  act(() => live.receive([{ type: "message.created", message }]));
  expect(screen.getByRole("link", { name: /Bread.*answering/ })).toBeTruthy();
});

it("moves from row to row with the arrow keys", async () => {
  await renderSidebar();
  row("Bread").focus();
  fireEvent.keyDown(row("Bread"), { key: "ArrowDown" });
  expect(document.activeElement).toBe(row("Tea"));
  fireEvent.keyDown(row("Tea"), { key: "ArrowUp" });
  expect(document.activeElement).toBe(row("Bread"));
});

describe("renaming", () => {
  it("saves by Enter", async () => {
    await renderSidebar();
    fireEvent.keyDown(await rename("Tea", " Green tea "), { key: "Enter" });
    await screen.findByRole("link", { name: "Green tea" });
    expect(server.asked(PATCH).map(({ body }) => body)).toEqual([{ title: "Green tea" }]);
  });

  it("never saves by an Enter of an input method (F23)", async () => {
    await renderSidebar();
    const field = await rename("Tea", "お茶");
    fireEvent.keyDown(field, { key: "Enter", isComposing: true });
    fireEvent.keyDown(field, { key: "Enter", keyCode: 229 });
    expect(server.asked(PATCH)).toHaveLength(0);
    expect(field.value).toBe("お茶");
    fireEvent.keyDown(field, { key: "Enter" });
    await screen.findByRole("link", { name: "お茶" });
  });

  it("gives up by Esc, also when the field then loses the focus", async () => {
    await renderSidebar();
    const field = await rename("Tea", "Coffee");
    fireEvent.keyDown(field, { key: "Escape" });
    fireEvent.blur(field);
    expect(row("Tea")).toBeTruthy();
    expect(server.asked(PATCH)).toHaveLength(0);
  });

  it("keeps the typed title when saving fails", async () => {
    server.on(PATCH, () => "network error");
    await renderSidebar();
    const field = await rename("Tea", "Coffee");
    fireEvent.keyDown(field, { key: "Enter" });
    await screen.findByRole("alert");
    expect(field.value).toBe("Coffee");
  });
});

describe("deleting", () => {
  const ask = async (name: string) => {
    fireEvent.keyDown(row(name), { key: "Delete" });
    return screen.findByRole("alertdialog");
  };

  it("asks first, and does nothing on cancel", async () => {
    await renderSidebar();
    const dialog = await ask("Bread");
    fireEvent.click(within(dialog).getByRole("button", { name: "Cancel" }));
    await waitFor(() => expect(screen.queryByRole("alertdialog")).toBeNull());
    expect(server.asked(DELETE)).toHaveLength(0);
    await waitFor(() => expect(document.activeElement).toBe(row("Bread")));
  });

  it("leaves the deleted chat and gives the focus to the row that took its place", async () => {
    const { router } = await renderSidebar("/chats/bread");
    const dialog = await ask("Bread");
    fireEvent.click(within(dialog).getByRole("button", { name: "Delete" }));
    await waitFor(() => expect(titles()).toEqual(["Tea"]));
    expect(router.state.location.pathname).toBe("/");
    await waitFor(() => expect(document.activeElement).toBe(row("Tea")));
  });

  it("says why when it fails, and keeps the chat", async () => {
    server.on(DELETE, () => "network error");
    await renderSidebar();
    const dialog = await ask("Bread");
    fireEvent.click(within(dialog).getByRole("button", { name: "Delete" }));
    await within(dialog).findByRole("alert");
    fireEvent.click(within(dialog).getByRole("button", { name: "Cancel" }));
    await waitFor(() => expect(screen.queryByRole("alertdialog")).toBeNull());
    expect(titles()).toEqual(["Bread", "Tea"]);
  });

  it("takes a chat that is gone already as deleted", async () => {
    server.on(DELETE, () => ({ status: 404, body: { code: "not_found", detail: "Gone." } }));
    await renderSidebar();
    const dialog = await ask("Bread");
    fireEvent.click(within(dialog).getByRole("button", { name: "Delete" }));
    await waitFor(() => expect(titles()).toEqual(["Tea"]));
  });
});
