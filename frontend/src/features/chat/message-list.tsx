import { useVirtualizer, type Virtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import type { ShownMessage } from "@/shared/api/types";
import { strings } from "@/shared/strings";
import { LatestPill } from "./latest-pill";
import { type Older, OlderLine } from "./older-line";
import { rowsToMount } from "./pinned-rows";
import { NEAR_END, reserveFor } from "./scroll";
import { Turn } from "./turns/turn";
import { MOST_MOUNTED, useOverscan } from "./use-overscan";
import { useScrollMode } from "./use-scroll-mode";

interface Props {
  messages: readonly ShownMessage[];
  older: Older;
}

const GAP = 16;
/** Older messages are fetched when the reader is this near to the first one. */
const NEAR_TOP = 800;

/** The turns of a chat. Only this component knows that not all of them are mounted. */
export function MessageList({ messages, older }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const [mode, send] = useScrollMode(scroller);
  const [reserve, setReserve] = useState(GAP);
  const [isAway, setAway] = useState(false);
  const anchor = useSentTurn(messages);
  const overscan = useOverscan(messages.length);
  const isFollowing = mode === "following";

  const onChange = (list: Virtualizer<HTMLDivElement, HTMLLIElement>) => {
    const at = messages.findIndex(({ id }) => id === anchor);
    const start = list.measurementsCache[at]?.start;
    const end = list.measurementsCache.at(-1)?.end ?? 0;
    const view = list.scrollRect?.height ?? 0;
    const space = start === undefined ? GAP : reserveFor(view, end, start, GAP);
    setReserve(space);
    setAway(end + space - view - (list.scrollOffset ?? 0) > GAP);
  };
  const list = useVirtualizer<HTMLDivElement, HTMLLIElement>({
    count: messages.length,
    getScrollElement: () => scroller.current,
    getItemKey: (index) => messages[index]?.id ?? index,
    estimateSize: (index) => estimate(messages[index]),
    overscan,
    rangeExtractor: (range) => rowsToMount(scroller.current, range),
    paddingStart: older.hasMore ? 48 : GAP,
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
  useOpenAtEnd(list, messages.length > 0);
  useKeepEnd(list, scroller, isFollowing);
  useLayoutEffect(() => {
    if (anchor === undefined) return;
    send({ type: "sent" });
    const index = list.options.count - 1;
    const frame = requestAnimationFrame(() => list.scrollToIndex(index, { align: "start" }));
    return () => cancelAnimationFrame(frame);
  }, [anchor, list, send]);

  const first = list.range?.startIndex ?? 0;
  useEffect(() => {
    if (first < 10 && (list.scrollOffset ?? 0) < NEAR_TOP && older.mayLoad && !isFollowing)
      older.load();
  }, [first, list, older, isFollowing]);

  const isWindowed = messages.length > MOST_MOUNTED;
  return (
    <div className="relative flex min-h-0 flex-1 flex-col">
      <div
        ref={scroller}
        className="min-h-0 flex-1 overflow-y-auto overscroll-contain [overflow-anchor:none]"
      >
        <OlderLine older={older} />
        <ol
          ref={list.containerRef}
          aria-label={strings.chat.transcript}
          aria-live="off"
          className="relative"
        >
          {list.getVirtualItems().map(({ key, index }) => {
            const message = messages[index];
            return message ? (
              <li
                key={key}
                ref={list.measureElement}
                data-index={index}
                aria-setsize={isWindowed ? messages.length : undefined}
                aria-posinset={isWindowed ? index + 1 : undefined}
                className="absolute inset-x-0 top-0 px-4"
              >
                <div className="mx-auto max-w-measure">
                  <Turn message={message} isLast={index === messages.length - 1} />
                </div>
              </li>
            ) : null;
          })}
        </ol>
      </div>
      {!isFollowing && isAway && (
        <LatestPill
          onPress={() => {
            send({ type: "latest" });
            list.scrollToEnd();
          }}
        />
      )}
    </div>
  );
}

/** The id of the turn that the reader has sent last in this view. */
function useSentTurn(messages: readonly ShownMessage[]): string | undefined {
  const [sent, setSent] = useState<string>();
  const last = messages.findLast(({ role }) => role === "user");
  if (last?.status === "sending" && last.id !== sent) setSent(last.id);
  return sent;
}

function useOpenAtEnd(
  list: Virtualizer<HTMLDivElement, HTMLLIElement>,
  hasMessages: boolean,
): void {
  useLayoutEffect(() => {
    if (hasMessages) list.scrollToEnd();
  }, [list, hasMessages]);
}

/** When the view itself becomes smaller, as by a growing composer, the end stays in it. */
function useKeepEnd(
  list: Virtualizer<HTMLDivElement, HTMLLIElement>,
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
