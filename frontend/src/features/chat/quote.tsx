import { useEffect, useState } from "react";
import { createPortal } from "react-dom";
import { strings } from "@/shared/strings";
import { quoteInBox } from "./composer/fill-box";

interface Selected {
  text: string;
  turn: Element;
  /** Below its end, in pixels from the turn's top and start. */
  top: number;
  start: number;
}

const GAP = 6;
const WIDTH = 80;

/** Offers, in the turn itself, to quote the text that is selected there. */
export function Quote() {
  const [selected, setSelected] = useState<Selected>();
  useEffect(() => {
    let isDown = false;
    const look = () => setSelected(isDown ? undefined : selectedNow());
    const onDown = () => {
      isDown = true;
    };
    const onUp = () => {
      isDown = false;
      look();
    };
    document.addEventListener("selectionchange", look);
    document.addEventListener("pointerdown", onDown);
    document.addEventListener("pointerup", onUp);
    document.addEventListener("pointercancel", onUp);
    return () => {
      document.removeEventListener("selectionchange", look);
      document.removeEventListener("pointerdown", onDown);
      document.removeEventListener("pointerup", onUp);
      document.removeEventListener("pointercancel", onUp);
    };
  }, []);
  if (!selected) return null;
  const quote = () => {
    document.getSelection()?.removeAllRanges();
    quoteInBox(selected.text);
  };
  return createPortal(
    <button
      type="button"
      style={{ insetBlockStart: selected.top, insetInlineStart: selected.start }}
      // A press must not take the selection away, nor hide the button before it is a click.
      onPointerDown={(event) => event.nativeEvent.stopImmediatePropagation()}
      onMouseDown={(event) => event.preventDefault()}
      onClick={quote}
      className="absolute z-10 min-h-8 animate-appear rounded-full border border-line bg-raised px-3 text-13 text-soft shadow-float hover:text-text pointer-coarse:min-h-11"
    >
      {strings.message.quote}
    </button>,
    selected.turn,
  );
}

function selectedNow(): Selected | undefined {
  const selection = document.getSelection();
  if (!selection || selection.isCollapsed || selection.rangeCount === 0) return undefined;
  const text = selection.toString().trim();
  const turn = turnOf(selection.anchorNode);
  if (!text || !turn || turn !== turnOf(selection.focusNode)) return undefined;
  const end = [...selection.getRangeAt(0).getClientRects()].at(-1);
  if (!end) return undefined;
  const box = turn.getBoundingClientRect();
  const isRtl = getComputedStyle(turn).direction === "rtl";
  const start = isRtl ? box.right - end.left : end.right - box.left;
  return {
    text,
    turn,
    top: end.bottom - box.top + GAP,
    start: Math.min(Math.max(start - WIDTH, 0), box.width - WIDTH),
  };
}

function turnOf(node: Node | null): Element | null {
  const element = node instanceof Element ? node : node?.parentElement;
  if (element?.closest("textarea, input")) return null;
  return element?.closest("[data-turn]") ?? null;
}
