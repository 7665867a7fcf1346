import { strings } from "@/shared/strings";

/** An answer of this chat is being written. */
export function RunningDot() {
  return (
    <>
      <span
        aria-hidden="true"
        className="ms-auto size-2 shrink-0 animate-breathe rounded-full bg-accent forced-colors:bg-[Highlight]"
      />
      <span className="sr-only">({strings.sidebar.running})</span>
    </>
  );
}
