import { useState } from "react";
import type { ShownMessage } from "@/shared/api/types";

/** The message that rests under the top of the view: the turn sent last in it, or the one that a link led to. */
export function useAnchor(
  messages: readonly ShownMessage[],
  target: string | undefined,
): string | undefined {
  const [anchor, setAnchor] = useState<string>();
  const [sent, setSent] = useState<string>();
  const [linked, setLinked] = useState<string>();
  const last = messages.findLast(({ role }) => role === "user");
  if (last?.status === "sending" && last.id !== sent) {
    setSent(last.id);
    setAnchor(last.id);
  }
  if (target !== linked && (!target || messages.some(({ id }) => id === target))) {
    setLinked(target);
    if (target) setAnchor(target);
  }
  return anchor;
}
