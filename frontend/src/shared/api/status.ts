import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "./client";

/** How many workers listen right now; asked when an answer waits too long. */
export const statusQuery = queryOptions({
  queryKey: ["status"],
  queryFn: ({ signal }) => unwrap(api.GET("/api/status/", { signal })),
  staleTime: 0,
  gcTime: 0,
});
