import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { continueMessage, mergeMessages, regenerateMessage } from "@/shared/api/messages";
import { pathKey } from "@/shared/api/path";
import type { ShownMessage } from "@/shared/api/types";
import { useLive } from "@/shared/events/use-live";
import { uuid7 } from "@/shared/uuid";
import { useHold } from "./use-hold";

type Subject = Pick<ShownMessage, "id" | "chat">;

/** Asks for another answer in the place of this one, where the focus goes on. */
export function useRegenerate(message: Subject) {
  const hold = useHold();
  const another = useAnother(message, regenerateMessage);
  return {
    ...another,
    ask: (button: HTMLElement, model?: string) =>
      another.ask(model, (id) => hold(button, id, { isMoving: true })),
  };
}

/** Has the answer go on where it was cut short; for the reader it is still the same one. */
export function useContinue(message: Subject) {
  const hold = useHold();
  const another = useAnother(message, continueMessage);
  return {
    ...another,
    ask: (button: HTMLElement) =>
      another.ask(undefined, (id) => hold(button, id, { isSame: true })),
  };
}

function useAnother({ id, chat }: Subject, request: typeof regenerateMessage) {
  const client = useQueryClient();
  const live = useLive();
  // Kept until an answer comes: a repeat of the same request makes one answer.
  const last = useRef<{ id: string; model?: string }>(undefined);
  const { mutateAsync, error, isPending } = useMutation({
    mutationKey: pathKey(chat),
    networkMode: "always",
    mutationFn: (wanted: { id: string; model?: string }) => request(id, wanted),
    onSuccess: (answer) => {
      last.current = undefined;
      mergeMessages(client, chat, live.reconcile([answer]), { grow: true });
    },
  });
  const ask = (model: string | undefined, onAsk: (id: string) => () => void) => {
    if (isPending) return;
    if (!last.current || last.current.model !== model) last.current = { id: uuid7(), model };
    const release = onAsk(last.current.id);
    mutateAsync(last.current).catch(release);
  };
  return { error, isPending, ask };
}
