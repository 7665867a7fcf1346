import {
  measureElement,
  useVirtualizer,
  type VirtualItem,
  type Virtualizer,
} from "@tanstack/react-virtual";
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Siblings } from "@/shared/api/messages";
import type { ShownMessage } from "@/shared/api/types";
import { strings } from "@/shared/strings";
import type { Hit } from "./find/find-bar";
import { useMarks } from "./find/use-marks";
import { LatestPill } from "./latest-pill";
import { ListRow } from "./list-row";
import { type More, MoreLine } from "./more-line";
import { rowsToMount } from "./pinned-rows";
import type { Place } from "./places";
import { Quote } from "./quote";
import { heightOf, keepHeight } from "./row-heights";
import { NEAR_END, reserveFor, type ScrollEvent } from "./scroll";
import { useAnchor } from "./use-anchor";
import { useEye } from "./use-eye";
import { HoldContext, useHoldPlace } from "./use-hold";
import { useLoadAll, useLoadMore } from "./use-load-more";
import { MOST_MOUNTED, useOverscan } from "./use-overscan";
import { useKeepPlace, useReturn } from "./use-place";
import { useScrollMode } from "./use-scroll-mode";
import { useWalkTurns } from "./use-walk-turns";

interface Props {
  chatId: string;
  messages: readonly ShownMessage[];
  /** Where the loaded messages stand in the whole path. */
  extent: { start: number; length: number };
  siblings: Siblings;
  older: More;
  newer: More;
  /** The message that a link leads to. */
  target: string | undefined;
  /** Where the reader was, and comes back to instead. */
  place: Place | undefined;
  /** What is around that message or place is not loaded yet. */
  isOpening: boolean;
  /** A text that is to be marked in that message. */
  hit: Hit | undefined;
  /** Asks for the end of the path, which may not be loaded. */
  onLatest: () => Promise<void>;
}

export type List = Virtualizer<HTMLDivElement, HTMLLIElement>;

const GAP = 16;
const LINE = 48;

/** The turns of a chat. Only this component knows that not all of them are mounted. */
export function MessageList(props: Props) {
  const { messages, extent, siblings, older, newer, target, place, hit, onLatest } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [mode, send] = useScrollMode(scroller, place ? "free" : "following");
  const [reserve, setReserve] = useState(GAP);
  const [isAway, setAway] = useState(false);
  const floor = useRef(0);
  const anchor = useAnchor(messages, place ? undefined : target);
  const anchorAt = messages.findIndex(({ id }) => id === anchor?.id);
  const isWindowed = extent.length > MOST_MOUNTED;
  const overscan = useOverscan(messages.length, isWindowed);
  const isFollowing = mode === "following" && !newer.hasMore;

  const onChange = (list: List) => {
    const start = list.measurementsCache[anchorAt]?.start;
    const end = list.measurementsCache.at(-1)?.end ?? 0;
    const view = list.scrollRect?.height ?? 0;
    const least = newer.hasMore ? LINE : GAP;
    const space = start === undefined ? least : reserveFor(view, end, start, least);
    setReserve(Math.max(space, floor.current - end));
    // The room below the last turn is nothing to go to.
    setAway(newer.hasMore || end - view - (list.scrollOffset ?? 0) > 0);
  };
  const list = useVirtualizer<HTMLDivElement, HTMLLIElement>({
    count: messages.length,
    getScrollElement: () => scroller.current,
    getItemKey: (index) => messages[index]?.id ?? index,
    estimateSize: (index) => heightOf(messages[index], scroller.current),
    measureElement: (row, entry, instance) => {
      const height = measureElement(row, entry, instance);
      keepHeight(row.dataset.message ?? "", row.offsetWidth, height);
      return height;
    },
    overscan,
    rangeExtractor: (range) =>
      rowsToMount(scroller.current, range, (id) => messages.findIndex((one) => one.id === id)),
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
  list.shouldAdjustScrollPositionOnItemSizeChange = isAbove;
  const toEnd = () => {
    floor.current = 0;
    send({ type: "latest" });
    list.scrollToEnd();
  };
  const onHold = useCallback(() => send({ type: "touched", up: true }), [send]);
  const onFloor = useCallback(
    (height: number) => {
      const before = floor.current;
      const set = (to: number) => {
        floor.current = to;
        list.options.onChange?.(list, true);
      };
      set(height);
      return () => {
        if (floor.current === height) set(before);
      };
    },
    [list],
  );
  const hold = useHoldPlace({ scroller, messages, isFollowing, onHold, onFloor });
  useWalkTurns({ list, scroller, onWalk: onHold });
  useMarks({ scroller, hit, onScroll: onHold });
  const placeAt = messages.findIndex(({ id }) => id === place?.id);
  // In the list's first commit no row is mounted yet.
  const isMeasured = list.scrollRect !== null && messages.length > 0;
  const isReady = isMeasured && (placeAt >= 0 || !props.isOpening);
  useOpening({ list, scroller, anchorAt, place, placeAt, isReady, send });
  useKeepEnd(list, scroller, isFollowing);
  useReturn(scroller, place);
  useKeepPlace(scroller, { chatId: props.chatId, isFree: mode === "free" });
  useEye(scroller, isFollowing);
  useLayoutEffect(() => {
    if (anchor === undefined) return;
    floor.current = 0;
    send({ type: "sent" });
  }, [anchor, send]);
  const isAnchorHere = anchorAt >= 0;
  useLayoutEffect(() => send({ type: "anchor", isHere: isAnchorHere }), [isAnchorHere, send]);
  // Again when older messages have come in above, rows that were guessed have got their heights, or the view is another.
  const view = list.scrollRect?.height;
  const anchorIndex = mode === "anchored" ? anchorAt : -1;
  // biome-ignore lint/correctness/useExhaustiveDependencies: with the overscan rows above are mounted, and measured.
  useLayoutEffect(() => {
    if (anchor === undefined || anchorIndex < 0) return;
    const frame = requestAnimationFrame(() => list.scrollToIndex(anchorIndex, { align: "start" }));
    return () => cancelAnimationFrame(frame);
  }, [anchor, anchorIndex, overscan, older.hasMore, view, list]);
  useLoadMore(list, { older: isFollowing ? undefined : older, newer });
  useLoadAll(isWindowed ? [] : [older, newer]);

  return (
    <div className="relative flex min-h-0 flex-1 flex-col overflow-clip">
      <div
        ref={scroller}
        data-region
        className="min-h-0 flex-1 overflow-y-auto overscroll-contain [overflow-anchor:none]"
      >
        <Quote />
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
                  isLast={index === messages.length - 1}
                  position={isWindowed ? extent.start + index + 1 : undefined}
                  setSize={isWindowed ? extent.length : undefined}
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

/** Whether what is read moves with a row's height; also while scrolling up, where the library would let it jump. */
function isAbove({ key, start, end }: VirtualItem, _delta: number, list: List): boolean {
  const top = list.scrollOffset ?? 0;
  return list.itemSizeCache.has(key) ? end <= top : start < top;
}

interface Opening {
  list: List;
  scroller: { current: HTMLElement | null };
  anchorAt: number;
  place: Place | undefined;
  placeAt: number;
  /** What it opens at is loaded. */
  isReady: boolean;
  send: (event: ScrollEvent) => void;
}

/** Opens the list where the reader was, or else at the anchor, or else at its end. */
function useOpening({ list, scroller, anchorAt, place, placeAt, isReady, send }: Opening): void {
  const opened = useRef<{ place: Place | undefined }>(undefined);
  const isOpening = isReady && (!opened.current || (place && opened.current.place !== place));
  const index = placeAt < 0 ? anchorAt : placeAt;
  const top = () => {
    const end = list.getTotalSize();
    const start = list.measurementsCache[index]?.start;
    return start === undefined ? end : start + (placeAt < 0 ? -GAP : (place?.above ?? 0));
  };
  // The rows at the beginning would be mounted for nothing until the scroller tells that it is elsewhere.
  if (isOpening) list.scrollOffset = Math.max(0, top());
  useLayoutEffect(() => {
    if (!isOpening) return;
    opened.current = { place };
    // A scroll by the list would go on to that offset when rows above have got their heights.
    if (placeAt >= 0 && scroller.current) scroller.current.scrollTop = top();
    else if (index >= 0) list.scrollToIndex(index, { align: "start" });
    else list.scrollToEnd();
    if (placeAt >= 0) send({ type: "touched", up: true });
    else if (place) send({ type: "latest" });
    list.scrollOffset = scroller.current?.scrollTop ?? null;
  });
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
