import { useQuery, useQueryClient } from "@tanstack/react-query";
import { asApiError } from "@/shared/api/error";
import { fetchMessage, flatMessages, type Messages, messagesKey } from "@/shared/api/messages";
import { isNotShown, openPath } from "@/shared/api/path";
import { useShowBranch } from "./use-show-branch";

interface Options {
  /** A branch that is not shown may be shown for it. */
  mayShow: boolean;
}

/** Opens the chat around a message, as one that a link leads to. */
export function useLinked(chatId: string, target: string | undefined, { mayShow }: Options) {
  const client = useQueryClient();
  const { mutateAsync: show } = useShowBranch(chatId);
  const query = useQuery({
    queryKey: ["linked", chatId, target],
    queryFn: async ({ queryKey: [, , id = ""], signal }) => {
      const messages = flatMessages(client.getQueryData<Messages>(messagesKey(chatId)));
      if (messages.some((message) => message.id === id)) return true;
      try {
        await openPath(client, chatId, { around: id }, signal);
        return true;
      } catch (error) {
        if (asApiError(error).status !== 400) throw error;
        if (!mayShow || !isNotShown(error) || !(await isOfChat(chatId, id))) return false;
      }
      await show(id);
      return true;
    },
    enabled: target !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  return {
    isOpening: target !== undefined && !query.isFetched,
    isMissing: query.data === false,
  };
}

async function isOfChat(chatId: string, id: string): Promise<boolean> {
  try {
    return (await fetchMessage(id)).chat === chatId;
  } catch (error) {
    if (asApiError(error).status === 404) return false;
    throw error;
  }
}
