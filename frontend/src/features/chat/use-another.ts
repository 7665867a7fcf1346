import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { continueMessage, mergeMessages, regenerateMessage } from "@/shared/api/messages";
import type { ShownMessage } from "@/shared/api/types";
import { useLive } from "@/shared/events/use-live";
import { uuid7 } from "@/shared/uuid";
import { useHold } from "./use-hold";

type Subject = Pick<ShownMessage, "id" | "chat">;

/** Asks for another answer in the place of this one. */
export const useRegenerate = (message: Subject) => useAnother(message, regenerateMessage);

/** Has the answer go on where it was cut short; for the reader it is still the same one. */
export function useContinue(message: Subject) {
  const hold = useHold();
  const another = useAnother(message, continueMessage);
  return {
    ...another,
    ask: (button: HTMLElement) => hold(button, another.ask(), { isSame: true }),
  };
}

function useAnother({ id, chat }: Subject, request: typeof regenerateMessage) {
  const client = useQueryClient();
  const live = useLive();
  // Kept until an answer comes: a repeat of the same request makes one answer.
  const last = useRef<{ id: string; model?: string }>(undefined);
  const { mutate, ...mutation } = useMutation({
    networkMode: "always",
    mutationFn: (wanted: { id: string; model?: string }) => request(id, wanted),
    onSuccess: (answer) => {
      last.current = undefined;
      mergeMessages(client, chat, live.reconcile([answer]), { grow: true });
    },
  });
  /** Returns the id of the answer to come. */
  const ask = (model?: string): string => {
    if (!last.current || last.current.model !== model) last.current = { id: uuid7(), model };
    mutate(last.current);
    return last.current.id;
  };
  return { ...mutation, ask };
}
