import { useParams } from "@tanstack/react-router";
import { fireEvent, screen } from "@testing-library/react";
import { vi } from "vitest";
import { Composer } from "@/features/chat/composer/composer";
import { useRows } from "@/features/chat/use-rows";
import type { ShownMessage } from "@/shared/api/types";
import { FakeServer, makeChat, makeMessage } from "../../../fake-server";
import { renderPage } from "../../../render-page";

export const NEW_ID = "01900000-0000-7000-8000-00000000000a";

export const SENT = "POST /api/chats/*/messages/";

const NONE: readonly string[] = [];

/** A server that accepts what is sent to it, once for each id. */
export function makeServer(): FakeServer {
  const server = new FakeServer();
  server.on("GET /api/models/", () => ({
    body: { results: [{ id: "demo" }, { id: "other" }], default: "demo" },
  }));
  server.on("GET /api/chats/*/", ({ path }) => ({
    body: makeChat({ id: path.split("/")[3] }),
  }));
  server.on("PATCH /api/chats/*/", ({ path, body }) => ({
    body: makeChat({ id: path.split("/")[3], ...body, version: 2 }),
  }));
  server.on("POST /api/chats/", ({ body }) => ({ status: 201, body: makeChat(body) }));
  acceptMessages(server);
  return server;
}

/** Answers every turn with the same two rows for the same id. */
export function acceptMessages(server: FakeServer, { branched = false } = {}): void {
  server.on(SENT, ({ path, body }) => {
    const chat = path.split("/")[3];
    const message = makeMessage({ ...body, chat });
    const answer = makeMessage({
      id: `answer-to-${message.id}`,
      chat,
      parent: message.id,
      role: "assistant",
      status: "queued",
    });
    return { status: 201, body: { message, answer, branched } };
  });
}

interface Options {
  at?: string;
  running?: boolean;
  /** What is loaded of the chat. */
  messages?: readonly ShownMessage[];
  onStop?: () => void;
}

/** Renders the composer at an address, as the page does: mounted anew for another chat only. */
export async function renderComposer({
  at = "/",
  running = false,
  messages = [],
  onStop = vi.fn(),
}: Options = {}) {
  function Place() {
    const open = useParams({ strict: false }).chatId;
    const chatId = open ?? NEW_ID;
    const isNew = open === undefined;
    const { waiting } = useRows({ chatId, messages, stopping: NONE });
    return <Composer key={chatId} {...{ chatId, isNew, running, waiting, onStop }} />;
  }
  const page = await renderPage(Place, { at });
  const box = (await screen.findByRole("textbox", { name: "Message" })) as HTMLTextAreaElement;
  return { ...page, box };
}

export const enter = (box: HTMLElement, init: KeyboardEventInit = {}) =>
  fireEvent.keyDown(box, { key: "Enter", keyCode: 13, ...init });

/** Puts text into the box as a reader's key would. */
export function type(box: HTMLTextAreaElement, text: string): void {
  fireEvent.input(box, { target: { value: text } });
}
