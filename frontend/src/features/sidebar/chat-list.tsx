import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { chatsQuery } from "@/shared/api/chats";
import { asApiError } from "@/shared/api/error";
import type { Chat } from "@/shared/api/types";
import { strings } from "@/shared/strings";
import { Button } from "@/shared/ui/button";
import { Notice } from "@/shared/ui/notice";
import { ChatRow } from "./chat-row";
import { DeleteDialog } from "./delete-dialog";
import { groupByDay } from "./groups";
import { MoreChats } from "./more-chats";

interface Props {
  openId: string | undefined;
  replace?: boolean;
}

export function ChatList({ openId, replace }: Props) {
  const query = useInfiniteQuery(chatsQuery);
  const [doomed, setDoomed] = useState<Chat | null>(null);
  const chats = query.data?.pages.flatMap((page) => page.results) ?? [];
  return (
    <div className="min-h-0 flex-1 overflow-y-auto px-2">
      {query.isPending && (
        <p className="animate-late px-3 py-2 text-faint">{strings.app.loading}</p>
      )}
      {query.isSuccess && chats.length === 0 && (
        <p className="px-3 py-2 text-faint">{strings.sidebar.empty}</p>
      )}
      {groupByDay(chats).map(({ name, chats }) => (
        <section key={name} aria-label={name} className="pb-4">
          <h2 className="px-3 py-1 font-medium text-12 text-faint">{name}</h2>
          <ul>
            {chats.map((chat) => (
              <ChatRow
                key={chat.id}
                chat={chat}
                selected={chat.id === openId}
                replace={replace}
                onDelete={setDoomed}
              />
            ))}
          </ul>
        </section>
      ))}
      {query.isError && (
        <Notice
          title={strings.sidebar.failed}
          action={<Button onClick={() => void query.fetchNextPage()}>{strings.app.retry}</Button>}
        >
          {asApiError(query.error).message}
        </Notice>
      )}
      {query.hasNextPage && !query.isError && (
        <MoreChats busy={query.isFetchingNextPage} onMore={() => void query.fetchNextPage()} />
      )}
      <DeleteDialog
        chat={doomed}
        neighbour={neighbourOf(doomed, chats)}
        isOpen={doomed?.id === openId}
        onClose={() => setDoomed(null)}
      />
    </div>
  );
}

function neighbourOf(chat: Chat | null, chats: Chat[]): string | undefined {
  const at = chats.findIndex(({ id }) => id === chat?.id);
  return (chats[at + 1] ?? chats[at - 1])?.id;
}
