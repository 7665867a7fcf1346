import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "./client";

/** The reader's keys for scripts. */
export const keysQuery = queryOptions({
  queryKey: ["keys"],
  queryFn: ({ signal }) => unwrap(api.GET("/api/keys/", { signal })),
});

export const createKey = (name: string) => unwrap(api.POST("/api/keys/", { body: { name } }));

export const revokeKey = (id: string) =>
  unwrap(api.DELETE("/api/keys/{id}/", { params: { path: { id } } }));
