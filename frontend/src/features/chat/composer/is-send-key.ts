import type { KeyboardEvent } from "react";
import { currentSettings } from "@/shared/settings";
import { isComposing } from "@/shared/ui/composing";

/** The key that sends what is in a box, as the reader has chosen it, and does not belong to an input method. */
export function isSendKey(event: KeyboardEvent): boolean {
  if (event.key !== "Enter" || event.shiftKey || isComposing(event)) return false;
  return currentSettings().sendKey === "enter" || event.ctrlKey || event.metaKey;
}
