import { useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { configQuery } from "@/shared/api/config";
import { asApiError } from "@/shared/api/error";
import { base, beside } from "@/shared/base";
import { Loading, Unreachable } from "./fallbacks";

/** Goes to the page's own login, or to the host's, with the way back. */
export function ToLogin() {
  const router = useRouter();
  const config = useQuery(configQuery);
  const login = config.data?.login;
  useEffect(() => {
    // Until the server has said which login there is.
    if (login === undefined) return;
    if (login) return window.location.replace(withWayBack(login));
    const { href, pathname } = router.history.location;
    // Already on the way there: asking again would make the login itself the place to come back to.
    if (pathname === beside("login")) return;
    const search = href === base ? {} : { next: href };
    void router.navigate({ to: "/login", search, replace: true });
  }, [router, login]);
  if (config.isError)
    return (
      <Unreachable
        detail={asApiError(config.error).message}
        onRetry={() => void config.refetch()}
      />
    );
  return <Loading />;
}

/** The login of the host, which Django's own views and most others lead back from by `next`. */
function withWayBack(login: string): string {
  const { origin, pathname, search, href } = window.location;
  const address = new URL(login, origin);
  address.searchParams.set("next", address.origin === origin ? pathname + search : href);
  return address.href;
}
