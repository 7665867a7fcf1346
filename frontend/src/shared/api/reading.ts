import { infiniteQueryOptions } from "@tanstack/react-query";
import { api, unwrap } from "./client";

/** What is shown of a chat, from its first message on. */
export const readingQuery = (chatId: string) =>
  infiniteQueryOptions({
    queryKey: ["reading", chatId],
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        api.GET("/api/chats/{id}/messages/", {
          params: {
            path: { id: chatId },
            query: { limit: 50, ...(pageParam ? { after: pageParam } : { from_start: true }) },
          },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.after,
    gcTime: 0,
  });
