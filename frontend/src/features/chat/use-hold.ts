import {
  createContext,
  type RefObject,
  useCallback,
  useContext,
  useLayoutEffect,
  useRef,
} from "react";
import type { ShownMessage } from "@/shared/api/types";

/** So many frames what stands above may still take its size. */
const FRAMES = 6;

interface HoldOptions {
  /** What gets the focus in the new row, if it was in the old one; else the turn itself. */
  focus?: string;
  /** Only the focus is kept; what is seen may move. */
  isMoving?: boolean;
  /** The new row begins with the same text, so that even a top out of sight stays, and who follows goes on following. */
  isSame?: boolean;
}

/**
 * Keeps the row of an element where the reader sees it, while the row of another message takes its place. Returns what
 * lets go of it, should that message not come.
 */
type Hold = (element: HTMLElement, id: string, options?: HoldOptions) => () => void;

interface Place {
  edge: "top" | "bottom";
  /** Where the edge is seen, in pixels below the top of the view. */
  at: number;
}

interface Held {
  id: string;
  place: Place | undefined;
  focus: string | undefined;
}

export const HoldContext = createContext<Hold>(() => () => {});
export const useHold = () => useContext(HoldContext);

interface Options {
  scroller: RefObject<HTMLElement | null>;
  messages: readonly ShownMessage[];
  isFollowing: boolean;
  onHold: () => void;
  /** Called with the height that the content needs so that the place can be kept; returns what takes it back. */
  onFloor: (height: number) => () => void;
}

/** The top of a row stays; of one whose top is out of sight, the bottom, where its buttons are. */
export function useHoldPlace({ scroller, messages, isFollowing, onHold, onFloor }: Options): Hold {
  const held = useRef<Held>(undefined);

  const settle = useCallback(
    (id: string, place: Place, frames: number) => {
      const view = scroller.current;
      const row = view?.querySelector(`[data-message="${id}"]`);
      if (!view || !row) return;
      const top = view.getBoundingClientRect().top;
      const moved = row.getBoundingClientRect()[place.edge] - top - place.at;
      if (Math.abs(moved) > 0.5) {
        onFloor(view.scrollTop + moved + view.clientHeight);
        view.scrollTop += moved;
      }
      if (frames > 0) requestAnimationFrame(() => settle(id, place, frames - 1));
    },
    [scroller, onFloor],
  );
  useLayoutEffect(() => {
    const { id, place, focus } = held.current ?? {};
    if (!id || !messages.some((message) => message.id === id)) return;
    held.current = undefined;
    if (place) settle(id, place, FRAMES);
    const row = scroller.current?.querySelector(`[data-message="${id}"]`);
    if (row) refocus(row, focus);
  }, [messages, scroller, settle]);

  return useCallback(
    (element, id, { focus, isMoving = false, isSame = false } = {}) => {
      const view = scroller.current;
      const row = element.closest("[data-message]")?.getBoundingClientRect();
      if (!view || !row) return () => {};
      const mine: Held = { id, place: undefined, focus };
      held.current = mine;
      let lower = () => {};
      if (!isMoving && !(isSame && isFollowing)) {
        const { top } = view.getBoundingClientRect();
        const edge = isSame || row.top >= top ? "top" : "bottom";
        mine.place = { edge, at: row[edge] - top };
        onHold();
        lower = onFloor(view.scrollTop + view.clientHeight);
      }
      return () => {
        if (held.current !== mine) return;
        held.current = undefined;
        lower();
      };
    },
    [scroller, isFollowing, onHold, onFloor],
  );
}

/** Gives the new row the focus that went with the old one; a reader who is elsewhere by now stays there. */
function refocus(row: Element, wanted: string | undefined): void {
  if (document.activeElement !== document.body) return;
  const names = wanted
    ? [`${wanted}:enabled`, "[data-step]:enabled", "[data-turn]"]
    : ["[data-turn]"];
  const places = names.map((name) => row.querySelector<HTMLElement>(name));
  places.find((place) => place !== null)?.focus({ preventScroll: true });
}
