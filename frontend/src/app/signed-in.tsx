import { useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { asApiError } from "@/shared/api/error";
import { sessionQuery } from "@/shared/api/session";
import { Loading, Unreachable } from "./fallbacks";
import { Shell } from "./shell";

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

function ToLogin() {
  const router = useRouter();
  useEffect(() => {
    const { href, pathname } = router.history.location;
    // Already on the way there: asking again would make the login itself the place to come back to.
    if (pathname === "/login") return;
    const search = href === "/" ? {} : { next: href };
    void router.navigate({ to: "/login", search, replace: true });
  }, [router]);
  return <Loading />;
}
