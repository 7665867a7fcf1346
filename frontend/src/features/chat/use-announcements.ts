import { useEffect } from "react";
import type { Message } from "@/shared/api/types";
import { useLive, useRunning } from "@/shared/events/use-live";
import { strings } from "@/shared/strings";
import { announce } from "@/shared/ui/announcer";

/** Tells screen readers when an answer of the chat starts and ends, and nothing between. */
export function useAnnouncements(chatId: string): void {
  const live = useLive();
  const running = useRunning(chatId);
  useEffect(() => {
    if (running) announce(strings.chat.answering);
  }, [running]);
  useEffect(
    () =>
      live.listen({
        onSettle: (message) => {
          if (message.chat === chatId)
            announce(wordsFor(message), { assertive: message.status === "failed" });
        },
      }),
    [live, chatId],
  );
}

function wordsFor({ status, content, error }: Message): string {
  if (status === "failed") return strings.chat.answerFailed(error?.detail ?? "");
  if (status === "stopped") return strings.chat.answerStopped;
  return strings.chat.answerReady(content.split(/\s+/).filter(Boolean).length);
}
