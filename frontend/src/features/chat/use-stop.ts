import { useState } from "react";
import { stopMessage } from "@/shared/api/messages";
import { useLive, useRunningIds } from "@/shared/events/use-live";
import { strings } from "@/shared/strings";
import { announce } from "@/shared/ui/announcer";

/** Stops the chat's running answers; `running` is false from the click on, so that one can send at once. */
export function useStop(chatId: string): { running: boolean; stop: () => void } {
  const live = useLive();
  const ids = useRunningIds(chatId);
  const [asked, setAsked] = useState<readonly string[]>([]);
  const open = ids.filter((id) => !asked.includes(id));

  const stopOne = async (id: string) => {
    live.mute(id);
    setAsked((known) => [...known.filter((other) => ids.includes(other)), id]);
    try {
      live.reconcile([await stopMessage(id)]);
    } catch {
      live.unmute(id);
      setAsked((known) => known.filter((other) => other !== id));
      announce(strings.chat.stopFailed, { assertive: true });
    }
  };
  return {
    running: open.length > 0,
    stop: () => {
      for (const id of open) void stopOne(id);
    },
  };
}
