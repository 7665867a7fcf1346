import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "./client";

/** The models that can answer, and the one that does when none is chosen. */
export const modelsQuery = queryOptions({
  queryKey: ["models"],
  queryFn: ({ signal }) => unwrap(api.GET("/api/models/", { signal })),
  staleTime: 5 * 60_000,
});
