import { useMutation, useQueryClient } from "@tanstack/react-query";
import { asApiError } from "@/shared/api/error";
import { changeMessage, mergeMessages, withdrawMessage } from "@/shared/api/messages";
import type { ShownMessage } from "@/shared/api/types";
import { useLive } from "@/shared/events/use-live";
import { strings } from "@/shared/strings";

interface Options {
  turn: ShownMessage;
  answer: string | undefined;
  onReturn: (text: string) => void;
  onProblem: (problem: string) => void;
}

/** What can be done with a turn that waits; the server refuses it once the answer has begun. */
export function useWaiting({ turn: { id, chat, content }, answer, onReturn, onProblem }: Options) {
  const client = useQueryClient();
  const live = useLive();
  const onMutate = () => onProblem("");
  const onError = (error: Error) => onProblem(reasonOf(error));

  const withdraw = useMutation({
    mutationFn: () => withdrawMessage(id),
    onMutate,
    onSuccess: (isOurs) => {
      if (isOurs) onReturn(content);
      for (const gone of [id, answer])
        if (gone) live.receive([{ type: "message.deleted", message: { id: gone, chat } }]);
    },
    onError,
  });
  const change = useMutation({
    mutationFn: (text: string) => changeMessage(id, text),
    onMutate,
    onSuccess: (message) => mergeMessages(client, chat, live.reconcile([message])),
    onError,
  });
  return {
    withdraw: () => withdraw.mutate(),
    change: (text: string) =>
      change.mutateAsync(text).then(
        () => true,
        () => false,
      ),
    isBusy: withdraw.isPending || change.isPending,
  };
}

function reasonOf(thrown: Error): string {
  const error = asApiError(thrown);
  if (error.code === "not_waiting") return strings.queue.begun;
  return strings.queue.failed(error.field("content") ?? error.message);
}
