import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { focusBox } from "@/features/chat/composer/focus-box";
import { useModel } from "@/features/chat/composer/use-model";
import { useHold } from "@/features/chat/use-hold";
import { asApiError } from "@/shared/api/error";
import { sendMessage } from "@/shared/api/messages";
import { placeSent } from "@/shared/api/path";
import { useUser } from "@/shared/api/session";
import type { ShownMessage } from "@/shared/api/types";
import { readDraft, writeDraft } from "@/shared/drafts";
import { uuid7 } from "@/shared/uuid";

/** The text of a turn being edited: sent beside the old one, and kept as a draft until it is sent or given up. */
export function useEdit({ id, chat, parent, content }: ShownMessage, onClose: () => void) {
  const client = useQueryClient();
  const hold = useHold();
  const user = useUser()?.id ?? "";
  const place = `edit.${id}`;
  const { model } = useModel({ chatId: chat, isNew: false });
  const [initialText] = useState(() => readDraft(user, place).text || content);
  const box = useRef<HTMLTextAreaElement>(null);
  // The same text goes out under the same id: it may have reached the server.
  const last = useRef<{ id: string; content: string }>(undefined);
  const isOver = useRef(false);
  const isSending = useRef(false);

  const close = () => {
    isOver.current = true;
    writeDraft(user, place, { text: "" });
    onClose();
  };
  const edit = useMutation({
    networkMode: "always",
    mutationFn: (turn: { id: string; content: string }) =>
      sendMessage(chat, { ...turn, parent, model }),
    onSuccess: (sent) => {
      close();
      placeSent(client, chat, sent);
      // On touch screens focus would open the keyboard unasked.
      if (window.matchMedia?.("(pointer: fine)").matches) focusBox();
    },
    onSettled: () => {
      isSending.current = false;
    },
    onError: (error) => {
      if (asApiError(error).code === "id_conflict") last.current = undefined;
    },
  });

  const keep = useCallback(() => {
    if (!isOver.current && box.current) writeDraft(user, place, { text: box.current.value });
  }, [user, place]);
  useEffect(() => {
    const node = box.current;
    window.addEventListener("pagehide", keep);
    return () => {
      window.removeEventListener("pagehide", keep);
      if (!isOver.current && node) writeDraft(user, place, { text: node.value });
    };
  }, [keep, user, place]);

  const submit = () => {
    const text = box.current?.value.trim() ?? "";
    if (!text || isSending.current) return;
    isSending.current = true;
    if (last.current?.content !== text) last.current = { id: uuid7(), content: text };
    if (box.current) hold(box.current, last.current.id);
    edit.mutate(last.current);
  };
  return {
    box,
    initialText,
    error: edit.error,
    isSending: edit.isPending,
    submit,
    cancel: close,
    keep,
  };
}
