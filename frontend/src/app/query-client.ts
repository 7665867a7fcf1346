import { QueryCache, QueryClient } from "@tanstack/react-query";
import { askAs, onSignedOut } from "@/shared/api/client";
import { asApiError } from "@/shared/api/error";
import { messagesKey } from "@/shared/api/messages";
import { isNotShown, reopen } from "@/shared/api/path";
import { fetchSession, handOver, sessionEnded, sessionKey } from "@/shared/api/session";
import type { User } from "@/shared/api/types";

const MOST_RETRIES = 2;

/**
 * The page's one cache of what the server has said; a 401 anywhere ends the session in it, or hands it over to
 * whoever is signed in by now. Of a chat in which another branch is shown meanwhile it reads the end anew.
 */
export function makeQueryClient(): QueryClient {
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({
      onError: (error, { queryKey: [kind, chatId] }) => {
        if (kind === messagesKey("")[0] && isNotShown(error)) reopen(client, String(chatId));
      },
    }),
    defaultOptions: {
      queries: {
        // An answer that refuses will refuse again; only a server that was not there is asked again.
        retry: (count, error) => count < MOST_RETRIES && asApiError(error).code === "unreachable",
        refetchOnWindowFocus: false,
      },
      mutations: { networkMode: "always" },
    },
  });
  askAs(() => client.getQueryData<User | null>(sessionKey)?.id);
  onSignedOut(({ code }) => {
    const end = () => sessionEnded(client);
    if (code === "other_owner") fetchSession().then((now) => handOver(client, now), end);
    else end();
  });
  return client;
}
