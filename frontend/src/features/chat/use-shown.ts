import type { ShownMessage } from "@/shared/api/types";
import { useLiveMessage } from "@/shared/events/use-live";

/** The message as far as it has grown. */
export const useShown = (message: ShownMessage): ShownMessage =>
  useLiveMessage(message.id) ?? message;

export const isRunning = ({ status }: Pick<ShownMessage, "status">): boolean =>
  status === "queued" || status === "streaming";
