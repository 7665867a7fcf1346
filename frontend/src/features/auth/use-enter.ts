import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRouter, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import { configQuery } from "@/shared/api/config";
import { asApiError } from "@/shared/api/error";
import { forgetUser, sessionKey, sessionQuery } from "@/shared/api/session";
import type { User } from "@/shared/api/types";
import { base } from "@/shared/base";

export interface Credentials {
  email: string;
  password: string;
}

/** Signs in by `way`, and goes on to where the reader was before; also when another tab has signed in. */
export function useEnter(way: (credentials: Credentials) => Promise<User>) {
  const client = useQueryClient();
  const router = useRouter();
  const { next = base } = useSearch({ strict: false });
  const user = useQuery({ ...sessionQuery, refetchOnWindowFocus: "always" }).data;
  const entering = useMutation({
    mutationFn: async (credentials: Credentials) => {
      // Sets the CSRF cookie, should the page have been opened while the server was away.
      await client.ensureQueryData(configQuery);
      return way(credentials);
    },
    onSuccess: (signedIn) => client.setQueryData(sessionKey, signedIn),
  });

  useEffect(() => {
    if (!user) return;
    forgetUser(client);
    router.history.replace(next);
  }, [user, next, client, router]);

  return {
    enter: (credentials: Credentials) => entering.mutate(credentials),
    entering: entering.isPending,
    error: entering.error && asApiError(entering.error),
  };
}
