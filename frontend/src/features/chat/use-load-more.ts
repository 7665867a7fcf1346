import { useEffect } from "react";
import type { List } from "./message-list";
import type { More } from "./more-line";
import { whenIdle } from "./use-overscan";

/** More messages are fetched when the reader is this near to the first or the last one. */
const NEAR = 800;

/** Fetches what comes before or after the loaded messages as the reader gets near to it. */
export function useLoadMore(
  list: List,
  { older, newer }: { older: More | undefined; newer: More },
): void {
  const first = list.range?.startIndex ?? 0;
  const last = list.range?.endIndex ?? 0;
  useEffect(() => {
    const offset = list.scrollOffset ?? 0;
    if (first < 10 && offset < NEAR && older?.mayLoad) older.load();
    const below = list.getTotalSize() - offset - (list.scrollRect?.height ?? 0);
    if (last >= list.options.count - 10 && below < NEAR && newer.mayLoad) newer.load();
  }, [first, last, list, older, newer]);
}

/** A chat of few messages is loaded whole while the browser is idle, so that all of it can be in the document. */
export function useLoadAll(ends: More[]): void {
  const end = ends.find(({ mayLoad }) => mayLoad);
  useEffect(() => (end ? whenIdle(end.load) : undefined), [end]);
}
