import { Link } from "@tanstack/react-router";
import { type KeyboardEvent, type RefObject, useLayoutEffect, useRef, useState } from "react";
import type { Chat } from "@/shared/api/types";
import { useRunning, useUnreadIds } from "@/shared/events/use-live";
import { strings } from "@/shared/strings";
import { InstructionsDialog } from "./instructions-dialog";
import { RenameField } from "./rename-field";
import { RowMenu } from "./row-menu";
import { RunningDot } from "./running-dot";
import { UnreadDot } from "./unread-dot";
import { walkRows } from "./walk-rows";

interface Props {
  chat: Chat;
  selected: boolean;
  replace?: boolean;
  onDelete: (chat: Chat) => void;
}

export function ChatRow({ chat, selected, replace, onDelete }: Props) {
  const running = useRunning(chat.id);
  const isUnread = useUnreadIds().has(chat.id);
  const [renaming, setRenaming] = useState(false);
  const [isInstructing, setInstructing] = useState(false);
  const link = useRef<HTMLAnchorElement>(null);
  const title = chat.title || strings.sidebar.untitled;
  useFocusBack(link, renaming);

  if (renaming)
    return (
      <li>
        <RenameField chat={chat} onDone={() => setRenaming(false)} />
      </li>
    );

  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    walkRows(event);
    if (event.key === "F2") setRenaming(true);
    if (event.key === "Delete") onDelete(chat);
  };
  return (
    <li className="group relative flex items-center">
      <Link
        ref={link}
        to="/chats/$chatId"
        params={{ chatId: chat.id }}
        data-chat={chat.id}
        aria-current={selected ? "page" : undefined}
        replace={replace}
        onKeyDown={onKeyDown}
        className="-outline-offset-2 flex h-9 min-w-0 flex-1 items-center gap-2 rounded-control px-3 group-focus-within:pe-10 group-hover:pe-10 group-has-data-[state=open]:pe-10 transition hover:bg-bubble aria-[current=page]:bg-bubble aria-[current=page]:text-accent forced-colors:aria-[current=page]:border pointer-coarse:h-11 pointer-coarse:pe-12"
      >
        <span className={`truncate ${isUnread ? "font-strong" : ""}`} dir="auto">
          {title}
        </span>
        {running ? <RunningDot /> : isUnread && <UnreadDot />}
      </Link>
      <RowMenu
        chatId={chat.id}
        title={title}
        onRename={() => setRenaming(true)}
        onInstruct={() => setInstructing(true)}
        onDelete={() => onDelete(chat)}
      />
      <InstructionsDialog
        chat={chat}
        open={isInstructing}
        onClose={() => setInstructing(false)}
        onCloseAutoFocus={(event) => {
          event.preventDefault();
          link.current?.focus();
        }}
      />
    </li>
  );
}

/** Gives the link the focus that its field had, unless the reader has gone elsewhere meanwhile. */
function useFocusBack(link: RefObject<HTMLElement | null>, isAway: boolean): void {
  const wasAway = useRef(false);
  useLayoutEffect(() => {
    if (wasAway.current && !isAway && document.activeElement === document.body)
      link.current?.focus();
    wasAway.current = isAway;
  }, [link, isAway]);
}
