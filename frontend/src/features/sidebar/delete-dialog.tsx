import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useRef } from "react";
import { applyChatEvent, deleteChat } from "@/shared/api/chats";
import { asApiError } from "@/shared/api/error";
import type { Chat } from "@/shared/api/types";
import { strings } from "@/shared/strings";
import { Button } from "@/shared/ui/button";
import { Dialog } from "@/shared/ui/dialog";

interface Props {
  /** The chat in question; null closes the dialog. */
  chat: Chat | null;
  /** The chat whose row takes the place of the deleted one. */
  neighbour: string | undefined;
  /** The chat is the one on the page now. */
  isOpen: boolean;
  onClose: () => void;
}

export function DeleteDialog({ chat, neighbour, isOpen, onClose }: Props) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const focusNext = useRef<string>(undefined);
  const removal = useMutation({
    mutationFn: ({ id }: Chat) =>
      deleteChat(id).catch((thrown: unknown) => {
        // Already gone, from another tab: what was wanted is so.
        if (asApiError(thrown).status !== 404) throw thrown;
      }),
    // Left before it goes: the socket may tell of its end before the answer does.
    onMutate: async () => {
      if (isOpen) await navigate({ to: "/" });
    },
    onSuccess: (_nothing, { id }) => {
      focusNext.current = neighbour;
      onClose();
      applyChatEvent(client, { type: "chat.deleted", chat: { id } });
    },
  });
  const close = () => {
    focusNext.current = chat?.id;
    removal.reset();
    onClose();
  };
  const giveFocusBack = (event: Event) => {
    event.preventDefault();
    document.querySelector<HTMLElement>(`a[data-chat="${focusNext.current}"]`)?.focus();
  };
  return (
    <Dialog
      alert
      open={chat !== null}
      onOpenChange={close}
      title={strings.sidebar.deleteTitle}
      onCloseAutoFocus={giveFocusBack}
    >
      <p className="text-soft">
        {strings.sidebar.deleteText(chat?.title || strings.sidebar.untitled)}
      </p>
      {removal.isError && (
        <p role="alert" className="mt-3 text-danger">
          {asApiError(removal.error).message}
        </p>
      )}
      <div className="mt-6 flex justify-end gap-2">
        <Button onClick={close}>{strings.app.cancel}</Button>
        <Button look="danger" onClick={() => chat && !removal.isPending && removal.mutate(chat)}>
          {strings.sidebar.delete}
        </Button>
      </div>
    </Dialog>
  );
}
