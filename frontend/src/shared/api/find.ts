import { infiniteQueryOptions } from "@tanstack/react-query";
import { api, unwrap } from "./client";

/** The messages of what is shown of a chat that hold a text, newest first. */
export const findQuery = (chatId: string, text: string) =>
  infiniteQueryOptions({
    queryKey: ["find", chatId, text],
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        api.GET("/api/chats/{id}/messages/find/", {
          params: { path: { id: chatId }, query: { text, limit: 100, before: pageParam } },
          signal,
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.before,
    gcTime: 0,
  });
