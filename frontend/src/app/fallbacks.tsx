import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { strings } from "@/shared/strings";
import { Button } from "@/shared/ui/button";

function Middle({ children }: { children: ReactNode }) {
  return (
    <main className="grid h-dvh place-content-center justify-items-center gap-4 p-6 text-center">
      {children}
    </main>
  );
}

/** Shown in place of a page that failed to render. */
export function Crashed() {
  return (
    <Middle>
      <h1 className="text-20">{strings.app.crashed}</h1>
      <p className="text-soft">{strings.app.crashedHint}</p>
      <Button look="primary" onClick={() => window.location.reload()}>
        {strings.app.reload}
      </Button>
    </Middle>
  );
}

export function NotFound() {
  return (
    <Middle>
      <h1 className="text-20">{strings.app.notFound}</h1>
      <Link to="/" className="text-accent underline">
        {strings.app.toStart}
      </Link>
    </Middle>
  );
}

/** The server does not answer, so that nobody knows yet who is signed in. */
export function Unreachable({ detail, onRetry }: { detail: string; onRetry: () => void }) {
  return (
    <Middle>
      <h1 className="text-20">{detail}</h1>
      <Button look="primary" onClick={onRetry}>
        {strings.app.retry}
      </Button>
    </Middle>
  );
}

export function Loading() {
  return (
    <Middle>
      <h1 className="animate-late text-16 font-normal text-soft">{strings.app.loading}</h1>
    </Middle>
  );
}
