import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, setCsrfCookie, unwrap } from "./client";
import type { Feature } from "./types";

export const configKey = ["config"] as const;

/** What this installation offers; asking for it also sets the CSRF cookie. */
export const configQuery = queryOptions({
  queryKey: configKey,
  queryFn: async ({ signal }) => {
    const config = await unwrap(api.GET("/api/config/", { signal }));
    setCsrfCookie(config.csrf_cookie);
    return config;
  },
  staleTime: Number.POSITIVE_INFINITY,
});

/** How many characters a message may have; undefined until that is known. */
export const useMostChars = (): number | undefined => useQuery(configQuery).data?.max_message_chars;

/** Whether this installation offers something; false until that is known. */
export const useOffers = (feature: Feature): boolean =>
  useQuery(configQuery).data?.features.includes(feature) ?? false;
