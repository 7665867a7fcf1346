import { type RefObject, useCallback, useEffect, useReducer } from "react";
import { nextMode, type ScrollEvent, type ScrollMode } from "./scroll";

const UP_KEYS = new Set(["ArrowUp", "PageUp", "Home"]);
const KEYS = new Set([...UP_KEYS, "ArrowDown", "PageDown", "End", " "]);
/** How long after a gesture a scroll still counts as the reader's; one that glides on counts until it ends. */
const GESTURE = 200;

/** The scroll mode, kept by what the reader does in the element. */
export function useScrollMode(
  element: RefObject<HTMLElement | null>,
  initial: ScrollMode,
): [ScrollMode, (event: ScrollEvent) => void] {
  const [mode, dispatch] = useReducer(nextMode, initial);
  const send = useCallback((event: ScrollEvent) => dispatch(event), []);
  useEffect(() => {
    const node = element.current;
    return node ? watch(node, send) : undefined;
  }, [element, send]);
  return [mode, send];
}

function watch(node: HTMLElement, send: (event: ScrollEvent) => void): () => void {
  let lastGesture = Number.NEGATIVE_INFINITY;
  let isDown = false;
  let isGliding = false;
  let lastTop = node.scrollTop;
  let lastTouch = 0;
  const touched = (up: boolean) => {
    lastGesture = performance.now();
    send({ type: "touched", up });
  };
  const listeners: {
    [Name in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[Name]) => void;
  } = {
    wheel: (event) => touched(event.deltaY < 0),
    touchstart: (event) => {
      lastTouch = event.touches[0]?.clientY ?? 0;
    },
    touchmove: (event) => {
      const y = event.touches[0]?.clientY ?? lastTouch;
      touched(y > lastTouch);
      lastTouch = y;
    },
    keydown: (event) => {
      if (KEYS.has(event.key))
        touched(UP_KEYS.has(event.key) || (event.key === " " && event.shiftKey));
    },
    pointerdown: () => {
      isDown = true;
    },
    scroll: () => {
      const up = node.scrollTop < lastTop;
      lastTop = node.scrollTop;
      const byReader = isDown || isGliding || performance.now() - lastGesture < GESTURE;
      isGliding = byReader;
      send({
        type: "scrolled",
        byReader,
        up,
        distance: node.scrollHeight - node.scrollTop - node.clientHeight,
      });
    },
    scrollend: () => {
      isGliding = false;
    },
  };
  const onUp = () => {
    isDown = false;
  };
  const onSelection = () => {
    const selection = document.getSelection();
    if (selection && !selection.isCollapsed && node.contains(selection.anchorNode))
      send({ type: "touched", up: true });
  };
  for (const [name, listener] of Object.entries(listeners))
    node.addEventListener(name, listener as EventListener, { passive: true });
  window.addEventListener("pointerup", onUp);
  document.addEventListener("selectionchange", onSelection);
  return () => {
    for (const [name, listener] of Object.entries(listeners))
      node.removeEventListener(name, listener as EventListener);
    window.removeEventListener("pointerup", onUp);
    document.removeEventListener("selectionchange", onSelection);
  };
}
