import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "./client";

/** What this installation offers; asking for it also sets the CSRF cookie. */
export const configQuery = queryOptions({
  queryKey: ["config"],
  queryFn: ({ signal }) => unwrap(api.GET("/api/config/", { signal })),
  staleTime: Number.POSITIVE_INFINITY,
});
