import { QueryClientProvider } from "@tanstack/react-query";
import { type RouterHistory, RouterProvider } from "@tanstack/react-router";
import { useState } from "react";
import { ourRenderers, type Renderers, RenderersContext } from "@/features/chat/turns/parts";
import { configQuery } from "@/shared/api/config";
import { sessionQuery } from "@/shared/api/session";
import { Announcer } from "@/shared/ui/announcer";
import { PortalRoot } from "@/shared/ui/portal-root";
import { makeQueryClient } from "./query-client";
import { makeRouter } from "./router";

interface Props {
  /** The element that the page stands in. */
  root: HTMLElement;
  /** Where addresses come from; the browser's by default. */
  history?: RouterHistory;
  /** The host's own ways to show a kind of part of a message. */
  renderers?: Partial<Renderers>;
}

export function App({ root, history, renderers }: Props) {
  const [client] = useState(() => {
    const made = makeQueryClient();
    // Sets the CSRF cookie before the first request that needs it.
    void made.prefetchQuery(configQuery);
    // Asked for before the first render, which takes as long as the answer.
    void made.prefetchQuery(sessionQuery);
    return made;
  });
  const [router] = useState(() => makeRouter(history));
  return (
    <PortalRoot value={root}>
      <QueryClientProvider client={client}>
        <RenderersContext value={{ ...ourRenderers, ...renderers }}>
          <RouterProvider router={router} />
        </RenderersContext>
      </QueryClientProvider>
      <Announcer />
    </PortalRoot>
  );
}
