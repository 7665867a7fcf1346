import { fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { splitWaiting } from "@/features/chat/queue/split-waiting";
import { type FakeServer, makeMessage } from "../../fake-server";
import { makeServer, renderComposer, type } from "./composer/render-composer";

const PATH = "/api/messages/q2/";
let server: FakeServer;
beforeEach(() => {
  server = makeServer();
});
afterEach(() => vi.unstubAllGlobals());

const q1 = makeMessage({ id: "q1" });
const a1 = makeMessage({ id: "a1", parent: "q1", role: "assistant", status: "streaming" });
const q2 = makeMessage({ id: "q2", parent: "a1", content: "Go on" });
const a2 = makeMessage({ id: "a2", parent: "q2", role: "assistant", status: "queued" });
const waiting = [q2, a2];

it("keeps what waits for a running answer apart from what has been said", () => {
  const path = [q1, a1, q2, a2];
  const stopping = ["a1"];
  expect(splitWaiting(path, {})).toEqual({ rows: [q1, a1], waiting });
  expect(splitWaiting([q1, a1], {})).toEqual({ rows: [q1, a1], waiting: [] });
  const settled = { ...a1, status: "stopped" as const };
  expect(splitWaiting([q1, settled, q2, a2], {}).waiting).toEqual([]);
  expect(splitWaiting(path, { stopping }).waiting).toEqual([]);
  const q3 = { ...q2, id: "q3", parent: "a2" };
  expect(splitWaiting([...path, q3], { stopping })).toEqual({ rows: path, waiting: [q3] });
});

it("shows a turn on its way at its place, but keeps on the box what cannot go yet", () => {
  const outgoing = ["o1", "o2"].map((id) => ({ id, chat: "chat-1", content: id }));
  const ids = (...[messages, options]: Parameters<typeof splitWaiting>) => {
    const { rows, waiting: cards } = splitWaiting(messages, options);
    return [rows, cards].map((some) => some.map(({ id }) => id));
  };
  expect(ids([q1], { outgoing })).toEqual([["q1", "o1"], ["o2"]]);
  expect(ids([q1], { outgoing, isHeldUp: true })).toEqual([["q1"], ["o1", "o2"]]);
  expect(ids([q1, a1], { outgoing })).toEqual([
    ["q1", "a1"],
    ["o1", "o2"],
  ]);
  const known = makeMessage({ id: "o1" });
  expect(ids([known], { outgoing })).toEqual([["o1", "o2"], []]);
});

const renderQueue = () =>
  renderComposer({ at: "/chats/chat-1", running: true, messages: [q1, a1, ...waiting] });
const press = (name: string) => fireEvent.click(screen.getByRole("button", { name }));
const refuse = () => ({ status: 409, body: { code: "not_waiting", detail: "Too late." } });

it("gives a withdrawn turn back into the box, before what stands there", async () => {
  server.on(`DELETE ${PATH}`, () => ({ status: 204 }));
  const { box } = await renderQueue();
  type(box, "a thought");
  press("Take back into the box");
  await waitFor(() => expect(box.value).toBe("Go on\n\na thought"));
});

it("gives nothing back that is gone already, or is being answered, and says so", async () => {
  server.on(`DELETE ${PATH}`, () => ({ status: 404, body: { code: "not_found", detail: "" } }));
  const { box } = await renderQueue();
  press("Take back into the box");
  await waitFor(() => expect(server.asked(`DELETE ${PATH}`)).toHaveLength(1));
  server.on(`DELETE ${PATH}`, refuse);
  await waitFor(() => press("Take back into the box"));
  await screen.findByText(/being answered already/);
  expect(box.value).toBe("");
});

async function change(text: string): Promise<void> {
  press("Edit waiting message");
  const edit = screen.getByRole("textbox", { name: "Edit your waiting message" });
  fireEvent.input(edit, { target: { value: text } });
  fireEvent.keyDown(edit, { key: "Enter", keyCode: 13 });
  await waitFor(() => expect(server.asked(`PATCH ${PATH}`)).toHaveLength(1));
}

it("changes a turn in its place", async () => {
  server.on(`PATCH ${PATH}`, ({ body }) => ({ body: { ...q2, ...body, version: 2, rev: 1 } }));
  const { box, view } = await renderQueue();
  await change(" Go up ");
  expect(server.asked(`PATCH ${PATH}`)[0]?.body).toEqual({ content: "Go up" });
  await screen.findByRole("button", { name: "Edit waiting message" });
  view.unmount();
  expect(box.value).toBe("");
});

it("keeps what was written when the change comes too late", async () => {
  server.on(`PATCH ${PATH}`, refuse);
  const { view } = await renderQueue();
  await change("Too late");
  await screen.findByText(/being answered already/);
  view.unmount();
  const { box } = await renderComposer({ at: "/chats/chat-1" });
  expect(box.value).toBe("Too late");
});

it("leaves Enter and Esc to an input method (F23)", async () => {
  const { view } = await renderQueue();
  press("Edit waiting message");
  const edit = screen.getByRole("textbox", { name: "Edit your waiting message" });
  fireEvent.input(edit, { target: { value: "にほんご" } });
  for (const key of ["Enter", "Escape"]) {
    fireEvent.keyDown(edit, { key, keyCode: 229 });
    fireEvent.keyDown(edit, { key, isComposing: true });
  }
  expect(screen.getByRole("textbox", { name: "Edit your waiting message" })).toBe(edit);
  expect(server.asked(`PATCH ${PATH}`)).toHaveLength(0);
  view.unmount();
});
