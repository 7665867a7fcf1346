import { useLocation } from "@tanstack/react-router";
import { type RefObject, useLayoutEffect, useMemo } from "react";
import { keepPlace, type Place, placeOf } from "./places";
import { firstRowIn, placeIn } from "./use-eye";

/** A chat in an entry of the tab's history, which stays the same when the page is loaded anew. */
function useEntry(chatId: string): string {
  // The entry may be another one a moment before the chat is.
  return `${useLocation({ select: ({ state }) => state.__TSR_key })} ${chatId}`;
}

/** Where the reader was when they left this entry of the history, by a reload or for another one. */
export function useFormerPlace(chatId: string): Place | undefined {
  const entry = useEntry(chatId);
  return useMemo(() => placeOf(entry), [entry]);
}

/** Keeps where the reader is, for when they come back. */
export function useKeepPlace(
  scroller: RefObject<HTMLElement | null>,
  { chatId, isFree }: { chatId: string; isFree: boolean },
): void {
  const entry = useEntry(chatId);
  useLayoutEffect(() => {
    const view = scroller.current;
    const keep = () => {
      const row = view && firstRowIn(view);
      const id = row?.dataset.message;
      if (!view || !row || !id) return;
      keepPlace(entry, isFree ? { id, above: -Math.round(placeIn(view, row)) } : undefined);
    };
    window.addEventListener("pagehide", keep);
    // A page that is hidden may be thrown away without another word.
    document.addEventListener("visibilitychange", keep);
    return () => {
      window.removeEventListener("pagehide", keep);
      document.removeEventListener("visibilitychange", keep);
      keep();
    };
  }, [entry, scroller, isFree]);
}

const INPUT = ["wheel", "touchstart", "pointerdown", "keydown"] as const;

/** Keeps the reader at the place they came back to while rows and pages come in above it, until they do something. */
export function useReturn(scroller: RefObject<HTMLElement | null>, place: Place | undefined): void {
  useLayoutEffect(() => {
    const view = scroller.current;
    const list = view?.querySelector("ol");
    if (!view || !list || !place) return;
    const keep = () => {
      const row = list.querySelector(`[data-message="${place.id}"]`);
      if (!row) return;
      const off = placeIn(view, row) + place.above;
      if (Math.abs(off) >= 1) view.scrollTop += off;
    };
    const observer = new ResizeObserver(keep);
    observer.observe(list);
    const end = () => observer.disconnect();
    for (const kind of INPUT) window.addEventListener(kind, end, { once: true, passive: true });
    return () => {
      end();
      for (const kind of INPUT) window.removeEventListener(kind, end);
    };
  }, [scroller, place]);
}
