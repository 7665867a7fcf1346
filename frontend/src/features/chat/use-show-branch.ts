import { useMutation, useQueryClient } from "@tanstack/react-query";
import { applyChatEvent } from "@/shared/api/chats";
import { showMessage } from "@/shared/api/messages";
import { openPath, showKey } from "@/shared/api/path";

/** Shows the branch of a message, from that message on. */
export function useShowBranch(chatId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationKey: showKey(chatId),
    networkMode: "always",
    mutationFn: async (id: string) => {
      const chat = await showMessage(id);
      await openPath(client, chatId, { around: id });
      applyChatEvent(client, { type: "chat.updated", chat });
    },
  });
}
