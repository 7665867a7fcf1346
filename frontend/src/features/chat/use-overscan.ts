import { startTransition, useEffect, useState } from "react";

/** Up to this many rows all are mounted, so that find, select all and screen readers see the whole chat. */
export const MOST_MOUNTED = 300;
const FIRST = 1;
const WINDOW = 6;
const STEP = 20;

/** How many rows to keep beyond the view: what is seen first comes alone, the others while the browser is idle. */
export function useOverscan(count: number, isWindowed: boolean): number {
  const [overscan, setOverscan] = useState(FIRST);
  const wanted = isWindowed ? WINDOW : Math.max(count, WINDOW);
  useEffect(() => {
    if (count === 0 || overscan >= wanted) return;
    const next = overscan < WINDOW ? WINDOW : Math.min(overscan + STEP, wanted);
    return whenIdle(() => startTransition(() => setOverscan(next)));
  }, [count, overscan, wanted]);
  return Math.min(overscan, wanted);
}

export function whenIdle(work: () => void): () => void {
  if (!window.requestIdleCallback) {
    const timer = setTimeout(work, 50);
    return () => clearTimeout(timer);
  }
  const handle = window.requestIdleCallback(work);
  return () => window.cancelIdleCallback(handle);
}
