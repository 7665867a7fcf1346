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
  const range = selection.getRangeAt(0);
  const turn = turnOf(range.startContainer);
  if (!turn || reachesAnother(range, turn)) return undefined;
  const part = partOf(range);
  const text = (part === range ? selection : part).toString().trim();
  const end = [...part.getClientRects()].at(-1);
  if (!text || !end) return undefined;
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

/** A paragraph that is taken by three clicks ends where the next turn begins, which does not count. */
function reachesAnother(range: Range, turn: Element): boolean {
  const other = turnOf(range.endContainer);
  if (!other || other === turn) return false;
  const rest = range.cloneRange();
  rest.setStart(other, 0);
  return rest.toString().trim() !== "";
}

/** The range without what stands below the text of its turn. */
function partOf(range: Range): Range {
  const start = elementOf(range.startContainer);
  const text = start?.closest(".ct-md") ?? start?.closest("[dir]");
  if (!text || text.contains(range.endContainer)) return range;
  const part = range.cloneRange();
  part.setEnd(text, text.childNodes.length);
  return part;
}

const elementOf = (node: Node) => (node instanceof Element ? node : node.parentElement);

function turnOf(node: Node): Element | null {
  const element = elementOf(node);
  if (element?.closest("textarea, input")) return null;
  return element?.closest("[data-turn]") ?? null;
}
