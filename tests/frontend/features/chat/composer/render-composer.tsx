import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  RouterProvider,
  useParams,
} from "@tanstack/react-router";
import { fireEvent, render, screen } from "@testing-library/react";
import { vi } from "vitest";
import { Composer } from "@/features/chat/composer/composer";
import { sessionKey } from "@/shared/api/session";
import { LiveStore } from "@/shared/events/live";
import { ChatSocket } from "@/shared/events/socket";
import { ConnectionContext } from "@/shared/events/use-live";
import { FakeServer, makeChat, makeMessage } from "../../../fake-server";

export const USER = { id: "7", email: "ann@example.org" };
export const NEW_ID = "01900000-0000-7000-8000-00000000000a";

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
export function acceptMessages(server: FakeServer): void {
  server.on("POST /api/chats/*/messages/", ({ path, body }) => {
    const chat = path.split("/")[3];
    const message = makeMessage({ ...body, chat });
    const answer = makeMessage({
      id: `answer-to-${message.id}`,
      chat,
      parent: message.id,
      role: "assistant",
      status: "queued",
    });
    return { status: 201, body: { message, answer } };
  });
}

interface Options {
  at?: string;
  running?: boolean;
  onStop?: () => void;
}

/** Renders the composer at an address, as the page does: mounted anew for another chat only. */
export async function renderComposer({
  at = "/",
  running = false,
  onStop = vi.fn(),
}: Options = {}) {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  client.setQueryData(sessionKey, USER);
  const live = new LiveStore({ fetchMessage: async () => null });
  const socket = new ChatSocket({
    url: "ws://test.invalid/ws/",
    onEvents: () => {},
    onOpen: () => {},
    isSignedIn: async () => true,
    onSignedOut: () => {},
  });
  function Place() {
    const { chatId = NEW_ID } = useParams({ strict: false });
    const isNew = useParams({ strict: false }).chatId === undefined;
    return (
      <Composer key={chatId} chatId={chatId} isNew={isNew} running={running} onStop={onStop} />
    );
  }
  const root = createRootRoute({ component: Place });
  const routes = ["/", "/chats/$chatId"].map((path) =>
    createRoute({ getParentRoute: () => root, path }),
  );
  const router = createRouter({
    routeTree: root.addChildren(routes),
    history: createMemoryHistory({ initialEntries: [at] }),
  });
  const view = render(
    <QueryClientProvider client={client}>
      <ConnectionContext value={{ live, socket }}>
        <RouterProvider router={router as never} />
      </ConnectionContext>
    </QueryClientProvider>,
  );
  const box = (await screen.findByRole("textbox", { name: "Message" })) as HTMLTextAreaElement;
  return { client, router, box, view };
}

/** Puts text into the box as a reader's key would. */
export function type(box: HTMLTextAreaElement, text: string): void {
  fireEvent.input(box, { target: { value: text } });
}
