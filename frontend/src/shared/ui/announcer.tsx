import { useSyncExternalStore } from "react";

type Announcement = { text: string; assertive: boolean; count: number };

let current: Announcement = { text: "", assertive: false, count: 0 };
const wakes = new Set<() => void>();

/** Lets a screen reader say a text, once: politely, or at once when `assertive`. */
export function announce(text: string, { assertive = false }: { assertive?: boolean } = {}): void {
  current = { text, assertive, count: current.count + 1 };
  for (const wake of wakes) wake();
}

function subscribe(wake: () => void): () => void {
  wakes.add(wake);
  return () => wakes.delete(wake);
}

/** The two regions that screen readers listen to; stands once in the page. */
export function Announcer() {
  const { text, assertive, count } = useSyncExternalStore(subscribe, () => current);
  // The same words twice are spoken twice only when the text node is a new one.
  const said = <span key={count}>{text}</span>;
  return (
    <>
      <div className="sr-only" role="status" aria-live="polite">
        {assertive ? null : said}
      </div>
      <div className="sr-only" role="alert" aria-live="assertive">
        {assertive ? said : null}
      </div>
    </>
  );
}
