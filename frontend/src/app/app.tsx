import { QueryClientProvider } from "@tanstack/react-query";
import { type RouterHistory, RouterProvider } from "@tanstack/react-router";
import { useState } from "react";
import { configQuery } from "@/shared/api/config";
import { Announcer } from "@/shared/ui/announcer";
import { PortalRoot } from "@/shared/ui/portal-root";
import { makeQueryClient } from "./query-client";
import { makeRouter } from "./router";

interface Props {
  /** The element that the page stands in. */
  root: HTMLElement;
  /** Where addresses come from; the browser's by default. */
  history?: RouterHistory;
}

export function App({ root, history }: Props) {
  const [client] = useState(() => {
    const made = makeQueryClient();
    // Sets the CSRF cookie before the first request that needs it.
    void made.prefetchQuery(configQuery);
    return made;
  });
  const [router] = useState(() => makeRouter(history));
  return (
    <PortalRoot value={root}>
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
      </QueryClientProvider>
      <Announcer />
    </PortalRoot>
  );
}
