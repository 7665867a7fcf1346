import { useVirtualizer, type Virtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Siblings } from "@/shared/api/messages";
import type { ShownMessage } from "@/shared/api/types";
import { strings } from "@/shared/strings";
import { LatestPill } from "./latest-pill";
import { ListRow } from "./list-row";
import { type More, MoreLine } from "./more-line";
import { rowsToMount } from "./pinned-rows";
import { NEAR_END, reserveFor } from "./scroll";
import { useAnchor } from "./use-anchor";
import { HoldContext, useHoldPlace } from "./use-hold";
import { MOST_MOUNTED, useOverscan } from "./use-overscan";
import { useScrollMode } from "./use-scroll-mode";

interface Props {
  messages: readonly ShownMessage[];
  siblings: Siblings;
  older: More;
  newer: More;
  /** The message that a link leads to. */
  target: string | undefined;
  /** Asks for the end of the path, which may not be loaded. */
  onLatest: () => Promise<void>;
}

type List = Virtualizer<HTMLDivElement, HTMLLIElement>;

const GAP = 16;
const LINE = 48;
/** More messages are fetched when the reader is this near to the first or the last one. */
const NEAR = 800;

/** The turns of a chat. Only this component knows that not all of them are mounted. */
export function MessageList({ messages, siblings, older, newer, target, onLatest }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const [mode, send] = useScrollMode(scroller);
  const [reserve, setReserve] = useState(GAP);
  const [isAway, setAway] = useState(false);
  const floor = useRef(0);
  const anchor = useAnchor(messages, target);
  const overscan = useOverscan(messages.length);
  const isFollowing = mode === "following" && !newer.hasMore;

  const onChange = (list: List) => {
    const at = messages.findIndex(({ id }) => id === anchor);
    const start = list.measurementsCache[at]?.start;
    const end = list.measurementsCache.at(-1)?.end ?? 0;
    const view = list.scrollRect?.height ?? 0;
    const least = newer.hasMore ? LINE : GAP;
    const space = start === undefined ? least : reserveFor(view, end, start, least);
    const whole = Math.max(space, floor.current - end);
    setReserve(whole);
    setAway(newer.hasMore || end + whole - view - (list.scrollOffset ?? 0) > GAP);
  };
  const list = useVirtualizer<HTMLDivElement, HTMLLIElement>({
    count: messages.length,
    getScrollElement: () => scroller.current,
    getItemKey: (index) => messages[index]?.id ?? index,
    estimateSize: (index) => estimate(messages[index]),
    overscan,
    rangeExtractor: (range) => rowsToMount(scroller.current, range),
    paddingStart: older.hasMore ? LINE : GAP,
    paddingEnd: reserve,
    scrollPaddingStart: GAP,
    anchorTo: "end",
    followOnAppend: isFollowing,
    scrollEndThreshold: isFollowing ? NEAR_END : -1,
    directDomUpdates: true,
    // What sticks inside a row is placed by the row's layout, which a transform would not move.
    directDomUpdatesMode: "position",
    onChange,
  });
  const toEnd = () => {
    floor.current = 0;
    send({ type: "latest" });
    list.scrollToEnd();
  };
  const onHold = useCallback(() => send({ type: "touched", up: true }), [send]);
  const onFloor = useCallback(
    (height: number) => {
      floor.current = height;
      list.options.onChange?.(list, true);
    },
    [list],
  );
  const hold = useHoldPlace({ scroller, messages, isFollowing, onHold, onFloor });
  useOpenAtEnd(list, messages.length > 0 && anchor === undefined);
  useKeepEnd(list, scroller, isFollowing);
  useLayoutEffect(() => {
    if (anchor === undefined) return;
    floor.current = 0;
    send({ type: "sent" });
  }, [anchor, send]);
  // Again when older messages have come in above: its index is another one then.
  const anchorIndex = mode === "anchored" ? messages.findIndex(({ id }) => id === anchor) : -1;
  useLayoutEffect(() => {
    if (anchor === undefined || anchorIndex < 0) return;
    const frame = requestAnimationFrame(() => list.scrollToIndex(anchorIndex, { align: "start" }));
    return () => cancelAnimationFrame(frame);
  }, [anchor, anchorIndex, list]);
  useLoadMore(list, { older: isFollowing ? undefined : older, newer });

  const isWindowed = messages.length > MOST_MOUNTED;
  return (
    <div className="relative flex min-h-0 flex-1 flex-col">
      <div
        ref={scroller}
        className="min-h-0 flex-1 overflow-y-auto overscroll-contain [overflow-anchor:none]"
      >
        <MoreLine more={older} at="top" />
        <HoldContext value={hold}>
          <ol
            ref={list.containerRef}
            aria-label={strings.chat.transcript}
            aria-live="off"
            className="relative"
          >
            {list.getVirtualItems().map(({ key, index }) => {
              const message = messages[index];
              return message ? (
                <ListRow
                  key={key}
                  ref={list.measureElement}
                  message={message}
                  siblings={siblings[message.id]}
                  index={index}
                  count={messages.length}
                  isWindowed={isWindowed}
                  isMarked={message.id === target}
                />
              ) : null;
            })}
          </ol>
        </HoldContext>
        <MoreLine more={newer} at="bottom" />
      </div>
      {!isFollowing && isAway && (
        <LatestPill onPress={() => void onLatest().then(() => requestAnimationFrame(toEnd))} />
      )}
    </div>
  );
}

function useLoadMore(list: List, { older, newer }: { older: More | undefined; newer: More }): void {
  const first = list.range?.startIndex ?? 0;
  const last = list.range?.endIndex ?? 0;
  useEffect(() => {
    const offset = list.scrollOffset ?? 0;
    if (first < 10 && offset < NEAR && older?.mayLoad) older.load();
    const below = list.getTotalSize() - offset - (list.scrollRect?.height ?? 0);
    if (last >= list.options.count - 10 && below < NEAR && newer.mayLoad) newer.load();
  }, [first, last, list, older, newer]);
}

function useOpenAtEnd(list: List, isWanted: boolean): void {
  const isDone = useRef(false);
  useLayoutEffect(() => {
    if (isWanted && !isDone.current) list.scrollToEnd();
    isDone.current ||= isWanted;
  }, [list, isWanted]);
}

/** When the view itself becomes smaller, as by a growing composer, the end stays in it. */
function useKeepEnd(
  list: List,
  scroller: { current: HTMLElement | null },
  isFollowing: boolean,
): void {
  useEffect(() => {
    if (!isFollowing || !scroller.current) return;
    const observer = new ResizeObserver(() => list.scrollToEnd());
    observer.observe(scroller.current);
    return () => observer.disconnect();
  }, [list, scroller, isFollowing]);
}

function estimate(message: ShownMessage | undefined): number {
  const lines = Math.ceil((message?.content_length ?? 0) / 85);
  return (message?.role === "user" ? Math.min(lines, 12) : lines) * 26 + 72;
}
