import { strings } from "@/shared/strings";

/** An answer of this chat has ended, and nobody has looked. */
export function UnreadDot() {
  return (
    <>
      <span
        aria-hidden="true"
        className="ms-auto size-2 shrink-0 rounded-full bg-text forced-colors:bg-[CanvasText]"
      />
      <span className="sr-only">({strings.sidebar.unread})</span>
    </>
  );
}
