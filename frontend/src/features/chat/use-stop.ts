import { useState } from "react";
import { stopMessage } from "@/shared/api/messages";
import type { ShownMessage } from "@/shared/api/types";
import { useLive, useRunningIds } from "@/shared/events/use-live";
import { strings } from "@/shared/strings";
import { announce } from "@/shared/ui/announcer";

interface Stop {
  /** False from the click on, so that one can send at once. */
  running: boolean;
  /** The answers that were asked to stop. */
  stopping: readonly string[];
  /** Stops the answers that run, but for some. */
  stop: (kept: readonly Pick<ShownMessage, "id">[]) => void;
}

/** Stops the chat's running answers. */
export function useStop(chatId: string): Stop {
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
    stopping: asked,
    stop: (kept) => {
      const rest = open.filter((id) => !kept.some((one) => one.id === id));
      for (const id of rest) void stopOne(id);
    },
  };
}
