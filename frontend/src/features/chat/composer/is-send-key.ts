import type { KeyboardEvent } from "react";
import { isComposing } from "@/shared/ui/composing";

/** The key that sends what is in a box, and does not belong to an input method. */
export const isSendKey = (event: KeyboardEvent): boolean =>
  event.key === "Enter" && !event.shiftKey && !isComposing(event);
