import { useState } from "react";
import type { ShownMessage } from "@/shared/api/types";

interface Anchor {
  id: string;
}

/**
 * The message that rests under the top of the view: the turn sent last in it, or the one that a link led to. It is
 * another object for a turn that was refused and is sent again.
 */
export function useAnchor(
  messages: readonly ShownMessage[],
  target: string | undefined,
): Anchor | undefined {
  const [anchor, setAnchor] = useState<Anchor>();
  const [sent, setSent] = useState<string>();
  const [linked, setLinked] = useState<string>();
  const isHere = (wanted: string) => messages.some(({ id }) => id === wanted);
  const last = messages.findLast(({ role }) => role === "user");
  if (last?.status === "sending" && last.id !== sent) {
    setSent(last.id);
    setAnchor({ id: last.id });
  } else if (sent && !isHere(sent)) setSent(undefined);
  if (target !== linked && (!target || isHere(target))) {
    setLinked(target);
    if (target) setAnchor({ id: target });
  }
  return anchor;
}
