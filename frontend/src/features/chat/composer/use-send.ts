import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useRef } from "react";
import { applyChatEvent, createChat } from "@/shared/api/chats";
import {
  addOptimistic,
  dropOptimistic,
  leafOf,
  type Messages,
  messagesKey,
  sendMessage,
} from "@/shared/api/messages";
import { isCut, openPath, placeSent } from "@/shared/api/path";
import { titleFrom } from "./title";

interface Target {
  chatId: string;
  isNew: boolean;
}

export interface Outgoing {
  /** Chosen here, kept on a repeat of the same text: the server sends it once. */
  id: string;
  content: string;
  model?: string;
}

/**
 * Sends a turn: shows it at once, makes the chat when it is new, and takes the turn away again if that failed. It
 * continues what this page shows; `data.branched` says that the chat had gone on elsewhere.
 */
export function useSend({ chatId, isNew }: Target) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const last = useRef<{ parent: string | null | undefined; answer: string }>(undefined);

  const parentOfNext = () => {
    const leaf = leafOf(client.getQueryData<Messages>(messagesKey(chatId)));
    // The page may still be on its way to what was sent just now.
    return last.current && last.current.parent === leaf ? last.current.answer : leaf;
  };
  return useMutation({
    networkMode: "always",
    onMutate: async (turn: Outgoing) => {
      if (isCut(client, chatId)) await openPath(client, chatId);
      addOptimistic(client, chatId, turn, { first: isNew });
    },
    mutationFn: async (turn: Outgoing) => {
      const parent = parentOfNext();
      if (isNew) {
        const chat = await createChat({
          id: chatId,
          model: turn.model,
          title: titleFrom(turn.content),
        });
        applyChatEvent(client, { type: "chat.created", chat });
        await navigate({ to: "/chats/$chatId", params: { chatId }, replace: true });
      }
      const sent = await sendMessage(chatId, { ...turn, parent });
      last.current = { parent, answer: sent.answer.id };
      return sent;
    },
    onSuccess: (sent) => placeSent(client, chatId, sent),
    onError: (_error, turn) => dropOptimistic(client, chatId, turn.id),
  });
}
