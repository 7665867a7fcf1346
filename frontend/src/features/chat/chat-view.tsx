import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useCallback, useEffect, useState } from "react";
import { messagesKey } from "@/shared/api/messages";
import { isCut, openPath } from "@/shared/api/path";
import { strings } from "@/shared/strings";
import { Notice } from "@/shared/ui/notice";
import { Composer } from "./composer/composer";
import { ConnectionLine } from "./connection-line";
import type { Hit } from "./find/find-bar";
import { useFindKey } from "./find/use-find-key";
import { Examples, Greeting } from "./greeting";
import { LoadFailed } from "./load-failed";
import { MessageList } from "./message-list";
import { NotifyLine } from "./notify-line";
import { useAnnouncements } from "./use-announcements";
import { useLinked } from "./use-linked";
import { MOST_MOUNTED } from "./use-overscan";
import { usePath } from "./use-path";
import { useFormerPlace } from "./use-place";
import { useRows } from "./use-rows";
import { useStop } from "./use-stop";

const FindBar = lazy(async () => ({ default: (await import("./find/find-bar")).FindBar }));

interface Props {
  chatId: string;
  /** The chat does not exist on the server yet. */
  isNew: boolean;
  /** The message that the address leads to. */
  target?: string;
  /** The bar that finds texts is open. */
  isFinding?: boolean;
  onFind?: (isOpen: boolean) => void;
  /** Called when the reader goes on to the end of the chat. */
  onLeaveTarget?: () => void;
}

/** One chat: its messages and the box to write in. */
export function ChatView({ chatId, isNew, target, isFinding, onFind, onLeaveTarget }: Props) {
  const client = useQueryClient();
  const [found, setHit] = useState<Hit>();
  const hit = isFinding ? found : undefined;
  const shown = hit?.id ?? target;
  const former = useFormerPlace(chatId);
  const place = hit ? undefined : former;
  const linked = useLinked(chatId, place?.id ?? shown, { mayShow: !place });
  const path = usePath(chatId, { enabled: !isNew && !linked.isOpening });
  const { query, messages } = path;
  // Who comes again without a place finds the end, which is not loaded then.
  useEffect(
    () => () => {
      if (isCut(client, chatId)) client.removeQueries({ queryKey: messagesKey(chatId) });
    },
    [client, chatId],
  );
  const { running, stopping, stop } = useStop(chatId);
  const { rows, waiting } = useRows({ chatId, messages, stopping });
  useAnnouncements(chatId);
  const openFind = useCallback(() => onFind?.(true), [onFind]);
  useFindKey({ isNeeded: path.extent.length > MOST_MOUNTED, onOpen: openFind });
  const isEmpty = rows.length === 0 && (isNew || query.isSuccess);
  const hasFailed = query.isError && !query.data;
  const toLatest = async () => {
    onLeaveTarget?.();
    if (isCut(client, chatId)) await openPath(client, chatId);
  };
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      {isFinding && !isNew && (
        <Suspense>
          <FindBar chatId={chatId} onHit={setHit} onClose={() => onFind?.(false)} />
        </Suspense>
      )}
      {linked.isMissing && !place && (
        <Notice title={strings.chat.noMessage} className="mx-4 mt-3 max-w-measure wide:mx-auto">
          {strings.chat.noMessageHint}
        </Notice>
      )}
      {isEmpty && <Greeting />}
      {hasFailed && <LoadFailed error={query.error} onRetry={() => void query.refetch()} />}
      {!isEmpty && !hasFailed && (
        <MessageList
          chatId={chatId}
          messages={rows}
          extent={path.extent}
          siblings={path.siblings}
          older={path.older}
          newer={path.newer}
          target={shown}
          place={place}
          isOpening={linked.isOpening}
          hit={hit}
          onLatest={toLatest}
        />
      )}
      <div data-region className="px-4 pb-4">
        <ConnectionLine />
        <NotifyLine running={running} />
        <Composer
          chatId={chatId}
          isNew={isNew}
          running={running}
          waiting={waiting}
          onStop={() => stop(waiting)}
          onSend={onLeaveTarget}
        />
      </div>
      {isEmpty && <Examples />}
    </div>
  );
}
