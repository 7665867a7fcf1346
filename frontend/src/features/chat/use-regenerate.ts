import { useMutation, useQueryClient } from "@tanstack/react-query";
import { mergeMessages, regenerateMessage } from "@/shared/api/messages";
import type { ShownMessage } from "@/shared/api/types";
import { useLive } from "@/shared/events/use-live";
import { uuid7 } from "@/shared/uuid";

/** Asks for another answer in the place of this one. */
export function useRegenerate({ id, chat }: Pick<ShownMessage, "id" | "chat">) {
  const client = useQueryClient();
  const live = useLive();
  return useMutation({
    networkMode: "always",
    mutationFn: (wanted: { model?: string }) => regenerateMessage(id, { ...wanted, id: uuid7() }),
    onSuccess: (answer) => mergeMessages(client, chat, live.reconcile([answer]), { grow: true }),
  });
}
