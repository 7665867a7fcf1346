import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { forgetUser, sessionEnded, useUser } from "@/shared/api/session";
import { clearDrafts } from "@/shared/drafts";
import { clearOutbox } from "@/shared/outbox/outbox";

/** Ends the session in this page, with nothing kept of whoever had it. */
export function useLeave(): () => Promise<void> {
  const client = useQueryClient();
  const navigate = useNavigate();
  const user = useUser();
  return async () => {
    sessionEnded(client);
    await navigate({ to: "/login", replace: true });
    forgetUser(client);
    if (!user) return;
    await clearDrafts(user.id);
    await clearOutbox(user.id);
  };
}
