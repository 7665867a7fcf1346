import { type RefObject, useEffect } from "react";

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
      if (!seen?.block.isConnected) return;
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
      const block = row && firstNotAbove(view, row.querySelectorAll(".ct-md > *"));
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

const placeIn = (outer: Element, inner: Element) =>
  inner.getBoundingClientRect().top - outer.getBoundingClientRect().top;

/** The row that begins above the view and ends in it or below. */
function rowAtTop(view: Element): Element | undefined {
  const row = firstNotAbove(view, view.querySelectorAll("[data-message]"));
  return row && placeIn(view, row) < 0 ? row : undefined;
}

/** The first element that is not wholly above the view, of those that stand one below another. */
function firstNotAbove(view: Element, elements: NodeListOf<Element>): Element | undefined {
  const { top } = view.getBoundingClientRect();
  let [from, to] = [0, elements.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const isAbove = (elements[middle]?.getBoundingClientRect().bottom ?? 0) <= top;
    [from, to] = isAbove ? [middle + 1, to] : [from, middle];
  }
  return elements[from];
}
