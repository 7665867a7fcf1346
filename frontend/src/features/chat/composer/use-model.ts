import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { applyChatEvent, chatQuery, updateChat } from "@/shared/api/chats";
import { modelsQuery } from "@/shared/api/models";
import { useUser } from "@/shared/api/session";

/** The model that the next answer will come from, and how to choose another; the choice is remembered. */
export function useModel({ chatId, isNew }: { chatId: string; isNew: boolean }) {
  const client = useQueryClient();
  const memory = `chattable.model.${useUser()?.id}`;
  const [picked, setPicked] = useState<string>();
  const chat = useQuery({ ...chatQuery(chatId), enabled: !isNew }).data;
  const models = useQuery(modelsQuery);
  const options = models.data?.results.map(({ id }) => id) ?? [];
  const remembered = [localStorage.getItem(memory)].find((id) => id && options.includes(id));

  const save = useMutation({
    mutationFn: (model: string) => updateChat(chatId, { model }),
    onSuccess: (saved) => applyChatEvent(client, { type: "chat.updated", chat: saved }),
  });
  const choose = (model: string) => {
    setPicked(model);
    localStorage.setItem(memory, model);
    if (!isNew) save.mutate(model);
  };
  const model = picked || chat?.model || remembered || models.data?.default || undefined;
  return { model, options, choose, failed: models.isError };
}
