import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { flatMessages, type Messages, messagesQuery } from "@/shared/api/messages";
import { useSocketStatus } from "@/shared/events/use-live";
import { strings } from "@/shared/strings";
import { Composer } from "./composer/composer";
import { Examples, Greeting } from "./greeting";
import { LoadFailed } from "./load-failed";
import { MessageList } from "./message-list";
import { useAnnouncements } from "./use-announcements";
import { useStop } from "./use-stop";

interface Props {
  chatId: string;
  /** The chat does not exist on the server yet. */
  isNew: boolean;
}

/** One chat: its messages and the box to write in. */
export function ChatView({ chatId, isNew }: Props) {
  const query = useInfiniteQuery({ ...messagesQuery(chatId), enabled: !isNew });
  const messages = useMemo(
    () => flatMessages(query.data as Messages | undefined).filter(({ role }) => role !== "system"),
    [query.data],
  );
  const older = useMemo(
    () => ({
      hasMore: query.hasPreviousPage,
      mayLoad: query.hasPreviousPage && !query.isFetching && !query.isFetchPreviousPageError,
      hasFailed: query.isFetchPreviousPageError,
      load: () => void query.fetchPreviousPage(),
    }),
    [
      query.hasPreviousPage,
      query.isFetching,
      query.isFetchPreviousPageError,
      query.fetchPreviousPage,
    ],
  );
  const { running, stop } = useStop(chatId);
  useAnnouncements(chatId);
  const isEmpty = messages.length === 0 && (isNew || query.isSuccess);
  const hasFailed = query.isError && !query.data;
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      {isEmpty && <Greeting />}
      {hasFailed && <LoadFailed error={query.error} onRetry={() => void query.refetch()} />}
      {!isEmpty && !hasFailed && <MessageList messages={messages} older={older} />}
      <div className="px-4 pb-4">
        <ConnectionLine />
        <Composer chatId={chatId} isNew={isNew} running={running} onStop={stop} />
      </div>
      {isEmpty && <Examples />}
    </div>
  );
}

function ConnectionLine() {
  if (useSocketStatus() !== "offline") return null;
  return (
    <p role="status" className="mx-auto w-full max-w-measure px-4 pb-1 text-13 text-warn">
      {strings.chat.reconnecting}
    </p>
  );
}
