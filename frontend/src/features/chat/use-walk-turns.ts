import { type RefObject, useEffect } from "react";
import { COMPOSER_ID } from "./composer/text-box";
import type { List } from "./message-list";

const STEPS: Readonly<Record<string, number>> = { ArrowUp: -1, ArrowDown: 1 };
/** So many frames a row may take to be mounted. */
const MOST_FRAMES = 30;

interface Options {
  list: List;
  scroller: RefObject<HTMLElement | null>;
  /** The position is the reader's from now on. */
  onWalk: () => void;
}

/** Alt+↑ and Alt+↓ move the focus from turn to turn; from the message box only while it is empty. */
export function useWalkTurns({ list, scroller, onWalk }: Options): void {
  useEffect(() => {
    const focus = (index: number, frames: number) => {
      const turn = scroller.current?.querySelector<HTMLElement>(
        `[data-index="${index}"] [data-turn]`,
      );
      if (turn) turn.focus({ preventScroll: true });
      else if (frames > 0) requestAnimationFrame(() => focus(index, frames - 1));
    };
    const onKeyDown = (event: KeyboardEvent) => {
      const step = STEPS[event.key];
      if (!step || !event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
      const from = placeOf(scroller.current, list.options.count);
      const to = (from ?? Number.NaN) + step;
      if (from === undefined || to < 0) return;
      event.preventDefault();
      if (to >= list.options.count) return document.getElementById(COMPOSER_ID)?.focus();
      onWalk();
      list.scrollToIndex(to, { align: "start" });
      focus(to, MOST_FRAMES);
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [list, scroller, onWalk]);
}

/** The index of the turn that has the focus; the empty box stands behind the last one. */
function placeOf(view: HTMLElement | null, count: number): number | undefined {
  const active = document.activeElement;
  if (active === document.body) return count;
  if (active instanceof HTMLTextAreaElement)
    return active.id === COMPOSER_ID && !active.value ? count : undefined;
  const index =
    view?.contains(active) && active?.closest("[data-index]")?.getAttribute("data-index");
  return index ? Number(index) : undefined;
}
