import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { strings } from "@/shared/strings";
import { quoteInBox } from "./composer/fill-box";

interface Selected {
  text: string;
  turn: Element;
  part: Range;
}

const GAP = 6;

/** Offers, in the turn itself, to quote the text that is selected there. */
export function Quote() {
  const [selected, setSelected] = useState<Selected>();
  const button = useRef<HTMLButtonElement>(null);
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
  useLayoutEffect(() => {
    if (selected && button.current) place(button.current, selected);
  }, [selected]);
  if (!selected) return null;
  const quote = () => {
    document.getSelection()?.removeAllRanges();
    quoteInBox(selected.text);
  };
  return createPortal(
    <button
      ref={button}
      type="button"
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
  return text && part.getClientRects().length > 0 ? { text, turn, part } : undefined;
}

/** Below the text, else above it, else below the turn: where it meets no button and, if it can, is in view. */
function place(button: HTMLElement, { turn, part }: Selected): void {
  const box = turn.getBoundingClientRect();
  const view = turn.closest("[data-region]")?.getBoundingClientRect() ?? box;
  const text = part.getBoundingClientRect();
  const lines = [...part.getClientRects()];
  const [first = text, last = text] = [lines[0], lines.at(-1)];
  const { offsetWidth: width, offsetHeight: height } = button;
  const isRtl = getComputedStyle(turn).direction === "rtl";
  const at = (left: number, top: number) =>
    new DOMRect(Math.max(box.left, Math.min(left, box.right - width)), top, width, height);
  const [end, start] = isRtl ? [last.left, first.right - width] : [last.right - width, first.left];
  const below = text.bottom + GAP;
  const tops = [below, text.top - GAP - height, box.bottom + GAP];
  const sides = [end, start, box.left, box.right];
  const places = tops.flatMap((top) => sides.map((left) => at(left, top)));
  const taken = buttonsAround(turn, button);
  const free = places.filter((one) => !taken.some((other) => meets(one, other)));
  const isSeen = ({ top, bottom }: DOMRect) => top >= view.top && bottom <= view.bottom;
  const { left, right, top } = free.find(isSeen) ?? free[0] ?? at(end, below);
  button.style.insetBlockStart = `${top - box.top}px`;
  button.style.insetInlineStart = `${isRtl ? box.right - right : left - box.left}px`;
}

/** The turn's own row of actions, and the buttons near it. */
function buttonsAround(turn: Element, except: Element): DOMRect[] {
  const row = turn.closest("[data-message]");
  const buttons = [row?.previousElementSibling, turn, row?.nextElementSibling].flatMap((near) => [
    ...(near?.querySelectorAll("button") ?? []),
  ]);
  return [...turn.querySelectorAll("[data-actions]"), ...buttons]
    .filter((one) => one !== except)
    .map((one) => one.getBoundingClientRect());
}

const meets = (one: DOMRect, other: DOMRect) =>
  one.left < other.right &&
  other.left < one.right &&
  one.top < other.bottom &&
  other.top < one.bottom;

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
