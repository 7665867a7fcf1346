import { type RefObject, useEffect } from "react";
import type { Hit } from "./find-bar";
import { rangesOf } from "./ranges";

const NAME = "ct-hit";
/** So many frames a row may take to appear, and then has to stand still. */
const MOST_FRAMES = 120;
const STILL_FRAMES = 3;

interface Options {
  scroller: RefObject<HTMLElement | null>;
  hit: Hit | undefined;
  /** The position is taken over. */
  onScroll: () => void;
}

/** Marks a text in the row of its message, and scrolls to its first place there if that is out of sight. */
export function useMarks({ scroller, hit, onScroll }: Options): void {
  useEffect(() => {
    if (!hit) return;
    const view = scroller.current;
    let last = Number.NaN;
    let still = 0;
    let frame = 0;
    const look = (left: number) => {
      const row = view?.querySelector(`[data-message="${hit.id}"]`);
      const top = row?.getBoundingClientRect().top ?? Number.NaN;
      still = top === last ? still + 1 : 0;
      last = top;
      if (view && row && still >= STILL_FRAMES) mark(view, row);
      else if (left > 0) frame = requestAnimationFrame(() => look(left - 1));
    };
    const mark = (view: HTMLElement, row: Element) => {
      const ranges = rangesOf(row, hit.text);
      if (typeof Highlight !== "undefined") CSS.highlights.set(NAME, new Highlight(...ranges));
      const place = ranges[0]?.getBoundingClientRect();
      const box = view.getBoundingClientRect();
      if (!place || (place.top >= box.top && place.bottom <= box.bottom)) return;
      onScroll();
      view.scrollTop += place.top - box.top - box.height / 3;
    };
    look(MOST_FRAMES);
    return () => {
      cancelAnimationFrame(frame);
      if (typeof Highlight !== "undefined") CSS.highlights.delete(NAME);
    };
  }, [scroller, hit, onScroll]);
}
