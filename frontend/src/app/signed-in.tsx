import { useQuery } from "@tanstack/react-query";
import type { ComponentType } from "react";
import { asApiError } from "@/shared/api/error";
import { sessionQuery } from "@/shared/api/session";
import type { User } from "@/shared/api/types";
import { Loading, Unreachable } from "./fallbacks";
import { ToLogin } from "./to-login";

/** Lets nobody in who is not signed in, and brings them back to where they were afterwards. */
export function SignedIn({ page: Page }: { page: ComponentType<{ user: User }> }) {
  const session = useQuery(sessionQuery);
  if (session.data) return <Page key={session.data.id} user={session.data} />;
  if (session.data === null) return <ToLogin />;
  if (session.isError)
    return (
      <Unreachable
        detail={asApiError(session.error).message}
        onRetry={() => void session.refetch()}
      />
    );
  return <Loading />;
}
