import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRouter, useSearch } from "@tanstack/react-router";
import { configQuery } from "@/shared/api/config";
import { asApiError } from "@/shared/api/error";
import { sessionKey, type User } from "@/shared/api/session";

export interface Credentials {
  email: string;
  password: string;
}

/** Signs in by `way` and goes on to where the reader was before. */
export function useEnter(way: (credentials: Credentials) => Promise<User>) {
  const client = useQueryClient();
  const router = useRouter();
  const { next = "/" } = useSearch({ strict: false });
  const entering = useMutation({
    mutationFn: async (credentials: Credentials) => {
      // Sets the CSRF cookie, should the page have been opened while the server was away.
      await client.ensureQueryData(configQuery);
      return way(credentials);
    },
    onSuccess: (user) => {
      // Nothing of whoever was signed in before may be shown.
      client.removeQueries({
        predicate: ({ queryKey }) => queryKey[0] !== configQuery.queryKey[0],
      });
      client.setQueryData(sessionKey, user);
      router.history.replace(next);
    },
  });
  return {
    enter: (credentials: Credentials) => entering.mutate(credentials),
    entering: entering.isPending,
    error: entering.error && asApiError(entering.error),
  };
}
