import { type RefObject, useEffect } from "react";
import type { Hit } from "./find-bar";
import { rangesOf } from "./ranges";

const NAME = "ct-hit";
/** So many frames a row may take to find its place, once it is here; the network may take as long as it likes. */
const MOST_FRAMES = 180;
/** What has not moved for so many frames may be corrected; after more of them it is there. */
const STILL = 3;
const SETTLED = 30;

interface Options {
  scroller: RefObject<HTMLElement | null>;
  hit: Hit | undefined;
  /** The position is taken over. */
  onScroll: () => void;
}

/** Marks a text in the row of its message, and scrolls to its first place there if that is out of sight. */
export function useMarks({ scroller, hit, onScroll }: Options): void {
  useEffect(() => {
    if (!hit || !scroller.current) return;
    const view = scroller.current;
    let ranges: Range[] = [];
    let last = Number.NaN;
    let still = 0;
    let frame = 0;
    const look = (left: number) => {
      const row = view.querySelector(`[data-message="${hit.id}"]`);
      if (row && !ranges[0]?.startContainer.isConnected) {
        ranges = rangesOf(row, hit.text);
        mark(ranges);
      }
      const place = (ranges[0] ?? row)?.getBoundingClientRect();
      still = place?.top === last ? still + 1 : 0;
      last = place?.top ?? Number.NaN;
      if (place && still >= STILL && !isIn(view, place)) {
        onScroll();
        view.scrollTop += place.top - view.getBoundingClientRect().top - view.clientHeight / 3;
      }
      if (left > 0 && still < SETTLED)
        frame = requestAnimationFrame(() => look(place ? left - 1 : left));
    };
    look(MOST_FRAMES);
    return () => {
      cancelAnimationFrame(frame);
      mark([]);
    };
  }, [scroller, hit, onScroll]);
}

function mark(ranges: Range[]): void {
  if (typeof Highlight === "undefined") return;
  if (ranges.length > 0) CSS.highlights.set(NAME, new Highlight(...ranges));
  else CSS.highlights.delete(NAME);
}

/** A row without the text, as where markdown has parted it, is seen by its top. */
function isIn(view: Element, { top, bottom, height }: DOMRect): boolean {
  const box = view.getBoundingClientRect();
  return top >= box.top && (bottom <= box.bottom || (height > box.height / 2 && top < box.bottom));
}
