import { useQuery } from "@tanstack/react-query";
import { asApiError } from "@/shared/api/error";
import { sessionQuery } from "@/shared/api/session";
import { Loading, Unreachable } from "./fallbacks";
import { Shell } from "./shell";
import { ToLogin } from "./to-login";

/** Lets nobody in who is not signed in, and brings them back to where they were afterwards. */
export function SignedIn() {
  const session = useQuery(sessionQuery);
  if (session.data) return <Shell user={session.data} />;
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
