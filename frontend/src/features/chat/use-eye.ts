import { type RefObject, useEffect } from "react";

/** What text stands in, each below the last or in it; code and formulas are not looked into, as they are painted anew. */
const TEXT = [
  "summary, details[open] > div",
  ".ct-md > *, .ct-md-stretch",
  ".ct-md :is(li, li > p, blockquote > *, tr)",
  ".ct-md ~ [data-actions]",
].join();

interface Seen {
  row: Element;
  block: Element;
  /** What stands above the block in its row, in pixels: it does not change with the scroll position. */
  above: number;
}

/**
 * Keeps the text at the top of the view where it is while something above it in its own row takes another height, as
 * an image or a formula does. For the rows above, the list itself does so.
 */
export function useEye(scroller: RefObject<HTMLElement | null>, isFollowing: boolean): void {
  useEffect(() => {
    const view = scroller.current;
    if (!view || isFollowing) return;
    let seen: Seen | undefined;
    let frame = 0;
    const keep = () => {
      if (!seen?.block.checkVisibility()) return;
      const above = placeIn(seen.row, seen.block);
      if (Math.abs(above - seen.above) < 0.5) return;
      view.scrollTop += above - seen.above;
      seen.above = above;
    };
    const observer = new ResizeObserver(keep);
    const look = () => {
      frame = 0;
      // What has grown in the same frame as the scroll would else be taken for what always stood there.
      keep();
      const row = rowAtTop(view);
      const block = row && blockAtTop(view, row);
      seen = block && { row, block, above: placeIn(row, block) };
      observer.disconnect();
      if (row) observer.observe(row);
    };
    const onScroll = () => {
      frame ||= requestAnimationFrame(look);
    };
    onScroll();
    view.addEventListener("scroll", onScroll, { passive: true });
    return () => {
      cancelAnimationFrame(frame);
      observer.disconnect();
      view.removeEventListener("scroll", onScroll);
    };
  }, [scroller, isFollowing]);
}

/** How far below the top of the outer element the inner one begins, in pixels. */
export const placeIn = (outer: Element, inner: Element) =>
  inner.getBoundingClientRect().top - outer.getBoundingClientRect().top;

/** The first row that reaches into the view. */
export function firstRowIn(view: Element): HTMLElement | undefined {
  const rows = view.querySelectorAll<HTMLElement>("[data-message]");
  const { top } = view.getBoundingClientRect();
  return rows[firstNot(rows, ({ bottom }) => bottom <= top)];
}

/** The row that begins above the view and ends in it or below. */
function rowAtTop(view: Element): Element | undefined {
  const row = firstRowIn(view);
  return row && placeIn(view, row) < 0 ? row : undefined;
}

/** The innermost block of the row that reaches into the view from above, or else the first one in the view. */
function blockAtTop(view: Element, row: Element): Element | undefined {
  const blocks = row.querySelectorAll(TEXT);
  const { top } = view.getBoundingClientRect();
  const next = firstNot(blocks, (box) => box.top <= top);
  const last = blocks[next - 1];
  return last && last.getBoundingClientRect().bottom > top ? last : blocks[next];
}

/** The index of the first element that this is not true of, where it is of all before it. */
function firstNot(elements: NodeListOf<Element>, isTrue: (box: DOMRect) => boolean): number {
  let [from, to] = [0, elements.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const box = elements[middle]?.getBoundingClientRect();
    [from, to] = box && isTrue(box) ? [middle + 1, to] : [from, middle];
  }
  return from;
}
