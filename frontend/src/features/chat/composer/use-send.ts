import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { applyChatEvent, createChat } from "@/shared/api/chats";
import {
  addOptimistic,
  dropOptimistic,
  mergeMessages,
  messagesKey,
  sendMessage,
} from "@/shared/api/messages";
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

/** Sends a turn: shows it at once, makes the chat when it is new, and takes the turn away again if that failed. */
export function useSend({ chatId, isNew }: Target) {
  const client = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    networkMode: "always",
    onMutate: (turn: Outgoing) => addOptimistic(client, chatId, turn, { first: isNew }),
    mutationFn: async (turn: Outgoing) => {
      if (isNew) {
        const chat = await createChat({
          id: chatId,
          model: turn.model,
          title: titleFrom(turn.content),
        });
        applyChatEvent(client, { type: "chat.created", chat });
        await navigate({ to: "/chats/$chatId", params: { chatId }, replace: true });
      }
      return sendMessage(chatId, turn);
    },
    onSuccess: ({ message, answer }) => {
      const queryKey = messagesKey(chatId);
      // A page asked for before the turn was sent may come after this, without it.
      const racing = client.isFetching({ queryKey }) > 0;
      const placed = mergeMessages(client, chatId, [message, answer], { grow: true });
      if (racing || !placed) void client.invalidateQueries({ queryKey });
    },
    onError: (_error, turn) => dropOptimistic(client, chatId, turn.id),
  });
}
