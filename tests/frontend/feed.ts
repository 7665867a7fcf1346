import { QueryClient } from "@tanstack/react-query";
import { returnToDraft } from "@/shared/drafts";
import { Connection } from "@/shared/events/connection";
import { LiveStore } from "@/shared/events/live";
import { UnreadStore } from "@/shared/events/unread";
import type { Feed } from "@/shared/events/use-live";
import { deliver } from "@/shared/outbox/deliver";
import { Outbox } from "@/shared/outbox/outbox";

interface Options {
  live?: LiveStore;
  client?: QueryClient;
  user?: string;
}

/** What a signed-in reader is told, without a line to the server; the outbox is closed until it is opened. */
export function makeFeed({
  live = new LiveStore({ fetchMessage: async () => null }),
  client = new QueryClient(),
  user = "7",
}: Options = {}): Feed {
  return {
    live,
    connection: new Connection({
      transports: [],
      onEvents: () => {},
      isSignedIn: async () => true,
      onSignedOut: () => {},
    }),
    unread: new UnreadStore(),
    outbox: new Outbox({
      user,
      deliver: (turn, options) => deliver(client, turn, options),
      onRefused: (turn) => returnToDraft(user, turn),
    }),
  };
}
