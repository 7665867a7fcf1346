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
  /** What gets the focus in the new row. */
  focus?: string;
  /** The new row begins with the same text, so that even a top out of sight stays, and who follows goes on following. */
  isSame?: boolean;
}

/** Keeps the row of an element where the reader sees it, while the row of another message takes its place. */
type Hold = (element: HTMLElement, id: string, options?: HoldOptions) => void;

interface Held {
  id: string;
  edge: "top" | "bottom";
  /** Where the edge is seen, in pixels below the top of the view. */
  at: number;
  /** What gets the focus in the new row. */
  focus: string | undefined;
}

export const HoldContext = createContext<Hold>(() => {});
export const useHold = () => useContext(HoldContext);

interface Options {
  scroller: RefObject<HTMLElement | null>;
  messages: readonly ShownMessage[];
  isFollowing: boolean;
  onHold: () => void;
  /** Called with the height that the content needs so that the place can be kept. */
  onFloor: (height: number) => void;
}

/** The top of a row stays; of one whose top is out of sight, the bottom, where its buttons are. */
export function useHoldPlace({ scroller, messages, isFollowing, onHold, onFloor }: Options): Hold {
  const held = useRef<Held>(undefined);

  const settle = useCallback(
    (place: Held, frames: number) => {
      const view = scroller.current;
      const row = view?.querySelector(`[data-message="${place.id}"]`);
      if (!view || !row) return;
      const top = view.getBoundingClientRect().top;
      const moved = row.getBoundingClientRect()[place.edge] - top - place.at;
      if (Math.abs(moved) > 0.5) {
        onFloor(view.scrollTop + moved + view.clientHeight);
        view.scrollTop += moved;
      }
      if (frames > 0) requestAnimationFrame(() => settle(place, frames - 1));
    },
    [scroller, onFloor],
  );
  useLayoutEffect(() => {
    const place = held.current;
    if (!place || !messages.some(({ id }) => id === place.id)) return;
    held.current = undefined;
    settle(place, FRAMES);
    if (!place.focus) return;
    const row = scroller.current?.querySelector(`[data-message="${place.id}"]`);
    const wanted = row?.querySelector<HTMLButtonElement>(`${place.focus}:enabled`);
    const other = row?.querySelector<HTMLButtonElement>("[data-step]:enabled");
    (wanted ?? other)?.focus({ preventScroll: true });
  }, [messages, scroller, settle]);

  return useCallback(
    (element, id, { focus, isSame = false } = {}) => {
      const view = scroller.current;
      const row = element.closest("[data-message]")?.getBoundingClientRect();
      if (!view || !row || (isSame && isFollowing)) return;
      const { top } = view.getBoundingClientRect();
      const edge = isSame || row.top >= top ? "top" : "bottom";
      held.current = { id, edge, at: row[edge] - top, focus };
      onHold();
      onFloor(view.scrollTop + view.clientHeight);
    },
    [scroller, isFollowing, onHold, onFloor],
  );
}
