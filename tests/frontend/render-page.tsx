import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  RouterProvider,
} from "@tanstack/react-router";
import { act, render } from "@testing-library/react";
import type { ReactNode } from "react";
import { onTestFinished } from "vitest";
import { sessionKey } from "@/shared/api/session";
import type { User } from "@/shared/api/types";
import { FeedContext } from "@/shared/events/use-live";
import { makeFeed } from "./feed";

export const USER: User = { id: "7", name: "ann@example.org", instructions: "" };

interface Options {
  at?: string;
  user?: User | null;
}

/** Renders a part of the page at an address, with all that stands around it, but no socket that connects. */
export async function renderPage(page: () => ReactNode, { at = "/", user = USER }: Options = {}) {
  const client = new QueryClient({
    defaultOptions: { queries: { retry: false }, mutations: { networkMode: "always" } },
  });
  client.setQueryData(sessionKey, user);
  const feed = makeFeed({ client, user: user?.id });
  onTestFinished(feed.outbox.open());
  const root = createRootRoute({ component: page });
  const paths = ["/", "/chats/$chatId", "/login", "/signup"];
  const routes = paths.map((path) => createRoute({ getParentRoute: () => root, path }));
  const router = createRouter({
    routeTree: root.addChildren(routes),
    history: createMemoryHistory({ initialEntries: [at] }),
  });
  await act(() => router.load());
  const view = render(
    <QueryClientProvider client={client}>
      <FeedContext value={feed}>
        <RouterProvider router={router as never} />
      </FeedContext>
    </QueryClientProvider>,
  );
  return { client, ...feed, router, view };
}
