import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { applyChatEvent, chatsKey } from "@/shared/api/chats";
import { asApiError } from "@/shared/api/error";
import {
  fetchMessage,
  flatMessages,
  forgetMessage,
  type Messages,
  mergeMessages,
  messagesKey,
} from "@/shared/api/messages";
import { followLeaf, reopen } from "@/shared/api/path";
import { handOver, sessionEnded, whoIsSignedIn } from "@/shared/api/session";
import { fetchStatus } from "@/shared/api/status";
import type { ChatEvent, Message, MessagePage } from "@/shared/api/types";
import { beside } from "@/shared/base";
import { returnToDraft } from "@/shared/drafts";
import { deliver } from "@/shared/outbox/deliver";
import { Outbox } from "@/shared/outbox/outbox";
import { Connection } from "./connection";
import { isChatEvent, isMessageEvent } from "./frame";
import { LiveStore } from "./live";
import { pollingTransport, socketTransport, streamTransport } from "./transports";
import type { ServerEvent } from "./types";
import { UnreadStore } from "./unread";
import { type Feed, FeedContext } from "./use-live";

interface Props {
  user: string;
  children: ReactNode;
}

/** Keeps everything below it fresh by the signed-in user's events. */
export const Events = ({ user, children }: Props) => (
  <EventsOfUser key={user} user={user}>
    {children}
  </EventsOfUser>
);

function EventsOfUser({ user, children }: Props) {
  const client = useQueryClient();
  const [feed] = useState(() => makeFeed(client, user));
  useEffect(() => open(client, feed), [client, feed]);
  return <FeedContext value={feed}>{children}</FeedContext>;
}

function makeFeed(client: QueryClient, user: string): Feed {
  const live = new LiveStore({ fetchMessage: fetchOrGone });
  const unread = new UnreadStore();
  const connection = new Connection({
    transports: [
      socketTransport(window.location.origin.replace(/^http/, "ws") + beside("ws/")),
      streamTransport(beside("api/events/")),
      pollingTransport({ ask: () => fetchStatus(), refresh: () => live.gap() }),
    ],
    onEvents: (events) => {
      receive(client, live, events);
      for (const event of events) if (event.type === "chat.deleted") unread.delete(event.chat.id);
    },
    isSignedIn: async () => {
      const now = await whoIsSignedIn();
      if (now) handOver(client, now);
      return now !== null;
    },
    onSignedOut: () => sessionEnded(client),
  });
  const outbox = new Outbox({
    user,
    deliver: (turn, options) => {
      connection.wanted();
      return deliver(client, turn, options);
    },
    onRefused: (turn) => returnToDraft(user, turn),
  });
  return { live, connection, unread, outbox };
}

function open(client: QueryClient, { live, connection, outbox }: Feed): () => void {
  const closes = [
    live.open(),
    live.listen({
      onAppear: (message) => place(client, message),
      onSettle: (message) => place(client, message),
      onChange: (message) => place(client, message),
      onGone: ({ id, chat }) => {
        outbox.unfollow(chat);
        forgetMessage(client, chat, id);
      },
    }),
    watchCache(client, live),
    connection.open(),
    outbox.open(),
    connection.subscribe(() => {
      if (connection.status === "open") outbox.wake();
    }),
    client.getMutationCache().subscribe(({ type }) => {
      if (type === "added") connection.wanted();
    }),
  ];
  return () => {
    for (const close of closes) close();
  };
}

/** Whatever the server has answered to anyone is news for the running messages too. */
function watchCache(client: QueryClient, live: LiveStore): () => void {
  return client.getQueryCache().subscribe(({ type, query }) => {
    if (type !== "updated" || query.queryKey[0] !== messagesKey("")[0]) return;
    const pages = (query.state.data as { pages?: MessagePage[] } | undefined)?.pages;
    for (const page of pages ?? []) live.reconcile(page.results);
  });
}

function receive(client: QueryClient, live: LiveStore, events: ServerEvent[]): void {
  live.receive(events.filter(isMessageEvent));
  for (const event of events) {
    if (event.type === "gap") catchUp(client, live);
    else if (isChatEvent(event)) receiveChat(client, live, event);
  }
}

function receiveChat(client: QueryClient, live: LiveStore, event: ChatEvent): void {
  applyChatEvent(client, event);
  if (event.type === "chat.deleted") live.forgetChat(event.chat.id);
  else followLeaf(client, event.chat.id);
}

/** Events were lost: whatever is shown may have changed. */
function catchUp(client: QueryClient, live: LiveStore): void {
  live.gap();
  void client.invalidateQueries({ queryKey: chatsKey });
  void client.invalidateQueries({ queryKey: ["messages"] });
}

/** The query cache holds the path: a message is written at its start and at its end. */
function place(client: QueryClient, message: Message): void {
  const queryKey = messagesKey(message.chat);
  // A page that was asked for before may come after this, without it.
  const isRacing = client.isFetching({ queryKey }) > 0;
  const isPlaced = mergeMessages(client, message.chat, [message], { grow: true });
  if (isPlaced && !isRacing) return;
  const last = flatMessages(client.getQueryData<Messages>(queryKey)).at(-1);
  if (!last || isRacing) void client.invalidateQueries({ queryKey });
  // Something between was missed; what is older than the path's end belongs to another branch.
  else if (last.created_at < message.created_at) reopen(client, message.chat);
}

async function fetchOrGone(id: string): Promise<Message | null> {
  try {
    return await fetchMessage(id);
  } catch (error) {
    if (asApiError(error).status === 404) return null;
    throw error;
  }
}
