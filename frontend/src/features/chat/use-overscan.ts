import { startTransition, useEffect, useState } from "react";

/** Up to this many rows all are mounted, so that find, select all and screen readers see the whole chat. */
export const MOST_MOUNTED = 300;
const WINDOW = 6;
const STEP = 20;

/** How many rows to keep beyond the view: grows while the browser is idle until every row is there. */
export function useOverscan(count: number): number {
  const [overscan, setOverscan] = useState(WINDOW);
  const wanted = count <= MOST_MOUNTED ? count : WINDOW;
  useEffect(() => {
    if (overscan >= wanted) return;
    return whenIdle(() => startTransition(() => setOverscan(Math.min(overscan + STEP, wanted))));
  }, [overscan, wanted]);
  return Math.min(overscan, Math.max(wanted, WINDOW));
}

function whenIdle(work: () => void): () => void {
  if (!window.requestIdleCallback) {
    const timer = setTimeout(work, 50);
    return () => clearTimeout(timer);
  }
  const handle = window.requestIdleCallback(work);
  return () => window.cancelIdleCallback(handle);
}
