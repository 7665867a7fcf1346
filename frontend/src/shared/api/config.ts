import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "./client";

export const configKey = ["config"] as const;

/** What this installation offers; asking for it also sets the CSRF cookie. */
export const configQuery = queryOptions({
  queryKey: configKey,
  queryFn: ({ signal }) => unwrap(api.GET("/api/config/", { signal })),
  staleTime: Number.POSITIVE_INFINITY,
});
