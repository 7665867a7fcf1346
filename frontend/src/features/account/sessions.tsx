import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { asApiError } from "@/shared/api/error";
import { endSessions, type Session, sessionsQuery } from "@/shared/api/session";
import { strings } from "@/shared/strings";
import { Button } from "@/shared/ui/button";
import { deviceOf } from "./device";

/** Where the reader is signed in, and the way to end that elsewhere. */
export function Sessions() {
  const client = useQueryClient();
  const query = useQuery(sessionsQuery);
  const ending = useMutation({
    mutationFn: endSessions,
    onSettled: () => client.invalidateQueries({ queryKey: sessionsQuery.queryKey }),
  });
  const sessions = query.data ?? [];
  const others = sessions.filter((session) => !session.is_current).map(({ id }) => id);
  const error = ending.error ?? query.error;
  const end = (ids: number[]) => ending.isPending || ending.mutate(ids);
  return (
    <section className="grid grid-cols-1 gap-3">
      <h3 className="text-16">{strings.account.sessionsTitle}</h3>
      <ul className="grid gap-1">
        {sessions.map((session) => (
          <li
            key={session.id}
            className="flex min-h-11 items-center gap-3 rounded-control bg-surface py-1 ps-3 pe-1"
          >
            <div className="min-w-0 flex-1">
              <p className="truncate" title={session.user_agent}>
                {nameOf(session)}
              </p>
              <p className="text-13 text-faint">
                {session.is_current ? strings.account.sessionHere : sinceOf(session)}
              </p>
            </div>
            {!session.is_current && (
              <Button
                aria-label={strings.account.sessionEndOf(nameOf(session))}
                onClick={() => end([session.id])}
              >
                {strings.account.sessionEnd}
              </Button>
            )}
          </li>
        ))}
      </ul>
      {error && (
        <p role="alert" className="text-13 text-danger">
          {asApiError(error).message}
        </p>
      )}
      {others.length > 1 && (
        <Button className="justify-self-start" onClick={() => end(others)}>
          {strings.account.sessionsEnd}
        </Button>
      )}
    </section>
  );
}

const nameOf = ({ user_agent, ip }: Session): string =>
  [deviceOf(user_agent).join(" · ") || strings.account.sessionUnknown, ip].join(", ");

const sinceOf = ({ created_at }: Session): string =>
  strings.account.sessionSince(
    new Date(created_at * 1000).toLocaleString(undefined, {
      dateStyle: "medium",
      timeStyle: "short",
    }),
  );
