import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { asApiError } from "@/shared/api/error";
import { flatMessages, type Messages, messagesQuery } from "@/shared/api/messages";
import { useSocketStatus } from "@/shared/events/use-live";
import { strings } from "@/shared/strings";
import { Button } from "@/shared/ui/button";
import { Notice } from "@/shared/ui/notice";
import { Composer } from "./composer/composer";
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
  const query = useInfiniteQuery({ ...messagesQuery(chatId), enabled: !isNew } as ReturnType<
    typeof messagesQuery
  >);
  const messages = useMemo(
    () => flatMessages(query.data as Messages | undefined).filter(({ role }) => role !== "system"),
    [query.data],
  );
  const { running, stop } = useStop(chatId);
  useAnnouncements(chatId);
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      {query.isError && !query.data && (
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      )}
      <MessageList messages={messages} />
      <ConnectionLine />
      <div className="px-4 pb-4">
        <Composer chatId={chatId} isNew={isNew} running={running} onStop={stop} />
      </div>
    </div>
  );
}

function Failed({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const { status, message } = asApiError(error);
  const isGone = status === 404;
  return (
    <Notice
      className="m-4"
      title={isGone ? strings.chat.gone : strings.chat.failed}
      action={isGone ? undefined : <Button onClick={onRetry}>{strings.app.retry}</Button>}
    >
      {isGone ? null : message}
    </Notice>
  );
}

function ConnectionLine() {
  if (useSocketStatus() !== "offline") return null;
  return (
    <p className="mx-auto w-full max-w-measure px-8 pb-1 text-13 text-warn">
      {strings.chat.reconnecting}
    </p>
  );
}
