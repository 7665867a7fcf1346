import { startTransition, useEffect, useState } from "react";

/** Up to this many rows all are mounted, so that find, select all and screen readers see the whole chat. */
export const MOST_MOUNTED = 300;
const WINDOW = 6;
const STEP = 20;

/** How many rows to keep beyond the view: where all are to be mounted it grows while the browser is idle. */
export function useOverscan(count: number, isWindowed: boolean): number {
  const [overscan, setOverscan] = useState(WINDOW);
  const wanted = isWindowed ? WINDOW : count;
  useEffect(() => {
    if (overscan >= wanted) return;
    return whenIdle(() => startTransition(() => setOverscan(Math.min(overscan + STEP, wanted))));
  }, [overscan, wanted]);
  return Math.min(overscan, Math.max(wanted, WINDOW));
}

export function whenIdle(work: () => void): () => void {
  if (!window.requestIdleCallback) {
    const timer = setTimeout(work, 50);
    return () => clearTimeout(timer);
  }
  const handle = window.requestIdleCallback(work);
  return () => window.cancelIdleCallback(handle);
}
