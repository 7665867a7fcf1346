import { useQuery } from "@tanstack/react-query";
import { Navigate, useLocation } from "@tanstack/react-router";
import { asApiError } from "@/shared/api/error";
import { sessionQuery } from "@/shared/api/session";
import { Loading, Unreachable } from "./fallbacks";
import { Shell } from "./shell";

/** Lets nobody in who is not signed in, and brings them back to where they were afterwards. */
export function SignedIn() {
  const session = useQuery(sessionQuery);
  const next = useLocation({ select: ({ href }) => href });
  if (session.data) return <Shell user={session.data} />;
  if (session.data === null)
    return <Navigate to="/login" search={next === "/" ? {} : { next }} replace />;
  if (session.isError)
    return (
      <Unreachable
        detail={asApiError(session.error).message}
        onRetry={() => void session.refetch()}
      />
    );
  return <Loading />;
}
