import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "./client";

export const fetchStatus = (signal?: AbortSignal) => unwrap(api.GET("/api/status/", { signal }));

/** How many workers listen right now; asked when an answer waits too long. */
export const statusQuery = queryOptions({
  queryKey: ["status"],
  queryFn: ({ signal }) => fetchStatus(signal),
  staleTime: 0,
  gcTime: 0,
});
