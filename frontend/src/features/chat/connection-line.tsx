import { useConnectionStatus, useTransport } from "@/shared/events/use-live";
import { strings } from "@/shared/strings";
import { useLater } from "./turns/use-later";

/** A way that is only passed on the way to a better one is not worth a word. */
const WORDS_AFTER = 3_000;

/** Says, where it is not as it should be, how events come; always there, so that a change of it is heard once. */
export function ConnectionLine() {
  const isOffline = useConnectionStatus() === "offline";
  const isPolling = useTransport() === "polling";
  const isLasting = useLater(WORDS_AFTER, Number(isPolling));
  const words = isOffline
    ? strings.chat.reconnecting
    : isPolling && isLasting && strings.chat.polling;
  return (
    <p
      role="status"
      className={`mx-auto w-full max-w-measure px-4 text-13 not-empty:pb-1 ${isOffline ? "text-warn" : "text-soft"}`}
    >
      {words}
    </p>
  );
}
