import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { chatQuery } from "@/shared/api/chats";
import { leafOf, type Messages, messagesKey } from "@/shared/api/messages";
import { isCut, openPath, pathChanged } from "@/shared/api/path";
import { useOutbox } from "@/shared/outbox/use-outbox";
import { titleFrom } from "./title";

interface Target {
  chatId: string;
  isNew: boolean;
}

export interface Turn {
  /** Chosen here, kept on a repeat of the same text: the server takes it once. */
  id: string;
  content: string;
  model?: string;
}

/**
 * Puts turns into the outbox, each to continue what this page shows, and moves to the chat's address once the first has
 * made it. Resolves when the turn is kept.
 */
export function useSend({ chatId, isNew }: Target): (turn: Turn) => Promise<void> {
  const client = useQueryClient();
  const outbox = useOutbox();
  const navigate = useNavigate();
  const isMade = useQuery({ ...chatQuery(chatId), enabled: !isNew }).data !== undefined;
  useEffect(() => {
    if (isNew && isMade) void navigate({ to: "/chats/$chatId", params: { chatId }, replace: true });
  }, [isNew, isMade, chatId, navigate]);

  return async (turn) => {
    // A turn continues the version that the reader has just asked for, not the one that it takes the place of.
    await pathChanged(client, chatId);
    // Without the end of the path the server finds the place by itself.
    if (isCut(client, chatId)) await openPath(client, chatId).catch(() => {});
    const parent = leafOf(client.getQueryData<Messages>(messagesKey(chatId)));
    const title = isNew ? { title: titleFrom(turn.content) } : {};
    await outbox.add({ ...turn, ...title, chat: chatId, parent });
  };
}
