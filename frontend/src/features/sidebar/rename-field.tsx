import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type KeyboardEvent, useEffect, useRef } from "react";
import { applyChatEvent, updateChat } from "@/shared/api/chats";
import { asApiError } from "@/shared/api/error";
import type { Chat } from "@/shared/api/types";
import { strings } from "@/shared/strings";
import { isComposing } from "@/shared/ui/composing";

interface Props {
  chat: Chat;
  onDone: () => void;
}

/** The title as a field: Enter or leaving it saves, Esc gives up; it stays open when saving failed. */
export function RenameField({ chat, onDone }: Props) {
  const client = useQueryClient();
  const input = useRef<HTMLInputElement>(null);
  const left = useRef(false);
  const rename = useMutation({
    mutationFn: (title: string) => updateChat(chat.id, { title }),
    onSuccess: (saved) => {
      applyChatEvent(client, { type: "chat.updated", chat: saved });
      leave();
    },
  });
  useEffect(() => input.current?.select(), []);

  const leave = () => {
    left.current = true;
    onDone();
  };
  const save = () => {
    const title = input.current?.value.trim() ?? "";
    if (left.current || rename.isPending) return;
    if (!title || title === chat.title) leave();
    else rename.mutate(title);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (isComposing(event)) return;
    if (event.key === "Enter") save();
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      leave();
    }
  };
  return (
    <>
      <input
        ref={input}
        aria-label={strings.sidebar.renameLabel}
        aria-invalid={rename.isError || undefined}
        defaultValue={chat.title}
        dir="auto"
        onKeyDown={onKeyDown}
        onBlur={save}
        className="-outline-offset-2 h-9 w-full rounded-control border border-edge bg-raised px-3 pointer-coarse:h-11 pointer-coarse:text-16"
      />
      {rename.isError && (
        <p role="alert" className="px-3 py-1 text-13 text-danger">
          {asApiError(rename.error).field("title") ?? asApiError(rename.error).message}
        </p>
      )}
    </>
  );
}
