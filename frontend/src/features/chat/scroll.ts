/**
 * Who owns the scroll position. *anchored*: the question just sent rests under the top, the answer grows below it.
 * *following*: the end stays in view. *free*: the reader's.
 */
export type ScrollMode = "anchored" | "following" | "free";

export type ScrollEvent =
  | { type: "sent" }
  /** The turn to rest under the top has come back, or is no longer there. */
  | { type: "anchor"; isHere: boolean }
  | { type: "latest" }
  /** The reader turned a wheel, moved a finger, pressed a key or selected text. */
  | { type: "touched"; up: boolean }
  /** The position changed; `distance` is what is left to the end, in pixels. */
  | { type: "scrolled"; byReader: boolean; up: boolean; distance: number };

export const NEAR_END = 64;

/** Only the reader changes to free; only the end or the pill brings it back. */
export function nextMode(mode: ScrollMode, event: ScrollEvent): ScrollMode {
  switch (event.type) {
    case "sent":
      return "anchored";
    case "anchor":
      if (mode === "free") return mode;
      return event.isHere ? "anchored" : "following";
    case "latest":
      return "following";
    case "touched":
      return event.up ? "free" : mode;
    case "scrolled":
      if (!event.byReader) return mode;
      return !event.up && event.distance <= NEAR_END ? "following" : "free";
  }
}

/** The empty space below the last turn that lets the turn at `top` rest under the top of the view. */
export function reserveFor(view: number, contentEnd: number, top: number, gap: number): number {
  return Math.max(gap, view - gap - (contentEnd - top));
}
