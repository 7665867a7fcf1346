import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { offerBox } from "@/features/chat/composer/focus-box";
import { useModel } from "@/features/chat/composer/use-model";
import { useHold } from "@/features/chat/use-hold";
import { asApiError } from "@/shared/api/error";
import { sendMessage } from "@/shared/api/messages";
import { pathKey, placeSent } from "@/shared/api/path";
import { useWriter } from "@/shared/api/session";
import type { ShownMessage } from "@/shared/api/types";
import { type Draft, hasLeftSince, readDraft, readWholeDraft, writeDraft } from "@/shared/drafts";
import { uuid7 } from "@/shared/uuid";

/** The text of a turn being edited: sent beside the old one, and kept as a draft until it is sent or given up. */
export function useEdit({ id, chat, parent, content }: ShownMessage, onClose: () => void) {
  const client = useQueryClient();
  const hold = useHold();
  const user = useWriter();
  const place = `edit.${id}`;
  const { model } = useModel({ chatId: chat, isNew: false });
  const [since] = useState(Date.now);
  const [initial] = useState(() => readDraft(user, place));
  const box = useRef<HTMLTextAreaElement>(null);
  // The same text goes out under the same id, also after a reload: it may have reached the server.
  const last = useRef(initial.id ? { id: initial.id, content: initial.text } : undefined);
  // A long draft is still to come: nothing is written in its place.
  const [isLoading, setIsLoading] = useState(initial.isLarge === true);
  const isKept = useRef(!isLoading);
  const isSending = useRef(false);

  const close = () => {
    isKept.current = false;
    writeDraft(user, place, { text: "" });
    onClose();
  };
  const edit = useMutation({
    mutationKey: pathKey(chat),
    networkMode: "always",
    mutationFn: (turn: { id: string; content: string }) =>
      sendMessage(chat, { ...turn, parent, model }),
    onSuccess: (sent) => {
      close();
      placeSent(client, chat, sent);
      offerBox();
    },
    onSettled: () => {
      isSending.current = false;
    },
    onError: (error) => {
      if (asApiError(error).code === "id_conflict") last.current = undefined;
    },
  });

  const keep = useCallback(
    (leaving?: Event) => {
      if (!isKept.current || !box.current || hasLeftSince(user, since)) return;
      const text = box.current.value;
      const draft: Draft = { text };
      if (last.current?.content === text.trim()) draft.id = last.current.id;
      writeDraft(user, place, draft, leaving !== undefined);
    },
    [user, place, since],
  );
  useLayoutEffect(() => {
    window.addEventListener("pagehide", keep);
    return () => {
      window.removeEventListener("pagehide", keep);
      keep();
    };
  }, [keep]);
  useEffect(() => {
    if (!isLoading) return;
    void readWholeDraft(user, place).then(({ text, id }) => {
      if (box.current && text) box.current.value = text;
      if (id) last.current = { id, content: text.trim() };
      isKept.current = true;
      setIsLoading(false);
    });
  }, [isLoading, user, place]);

  const submit = () => {
    const text = box.current?.value.trim();
    if (!box.current || !text || isLoading || isSending.current) return;
    isSending.current = true;
    if (last.current?.content !== text) last.current = { id: uuid7(), content: text };
    keep();
    const release = hold(box.current, last.current.id);
    edit.mutateAsync(last.current).catch(release);
  };
  return {
    box,
    initialText: initial.text || content,
    isLoading,
    error: edit.error,
    isSending: edit.isPending,
    submit,
    cancel: close,
    keep: () => keep(),
  };
}
