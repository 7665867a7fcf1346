import { type RefObject, useEffect, useLayoutEffect, useReducer, useRef } from "react";

interface Growing {
  text: string;
  isGrowing: boolean;
}

/** The pause after a paint, as a multiple of what it cost. */
const PAUSE = 4;
const SHORTEST_PAUSE = 16;
/** So many more characters are painted at once, or a key would have to wait for all that has come. */
const STEP = 4_096;
const NOTHING: Growing = { text: "", isGrowing: true };

/**
 * The text to paint now: a later one waits until the last paint has been paid for, and until the reader has
 * let go of a selection that ends in the last block. What has come in one piece is painted in several.
 */
export function usePaced(newest: Growing, root: RefObject<HTMLElement | null>): Growing {
  const [, paintAgain] = useReducer((count: number) => count + 1, 0);
  const shown = useRef(newest.isGrowing ? NOTHING : newest);
  const due = useRef(0);
  const started = performance.now();
  const isHeld = holdsSelection(root.current?.lastElementChild);
  const mayPaint = !isHeld && (!newest.isGrowing || started >= due.current);
  if (mayPaint) shown.current = nextOf(shown.current, newest);
  const { text, isGrowing } = shown.current;
  const isBehind = text !== newest.text || isGrowing !== newest.isGrowing;
  const isFarBehind = newest.text.length - text.length > STEP;

  useLayoutEffect(() => {
    if (!mayPaint || isFarBehind) return;
    const now = performance.now();
    const cost = now - started;
    if (cost * PAUSE > SHORTEST_PAUSE) due.current = now + cost * PAUSE;
  });
  useEffect(() => {
    if (!isBehind) return;
    document.addEventListener("selectionchange", paintAgain);
    const timer = setTimeout(paintAgain, Math.max(due.current - performance.now(), SHORTEST_PAUSE));
    return () => {
      document.removeEventListener("selectionchange", paintAgain);
      clearTimeout(timer);
    };
  });
  return shown.current;
}

function nextOf(shown: Growing, newest: Growing): Growing {
  const { length } = shown.text;
  if (newest.text.length - length <= STEP || !newest.text.startsWith(shown.text)) return newest;
  const end = /[\uD800-\uDBFF]/.test(newest.text[length + STEP - 1] ?? "") ? STEP + 1 : STEP;
  return { text: newest.text.slice(0, length + end), isGrowing: true };
}

function holdsSelection(element: Element | null | undefined): boolean {
  const selection = element ? document.getSelection() : null;
  if (!element || !selection || selection.isCollapsed) return false;
  return element.contains(selection.anchorNode) || element.contains(selection.focusNode);
}
