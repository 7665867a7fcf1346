import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { strings } from "@/shared/strings";
import { PlusIcon } from "@/shared/ui/icons";
import { ChatList } from "./chat-list";

interface Props {
  openId: string | undefined;
  /** Going somewhere takes the place of this entry in the history, as from a sheet. */
  replace?: boolean;
  /** What stands under the list. */
  footer?: ReactNode;
}

/** The list of chats, and the way to a new one. */
export function Sidebar({ openId, replace, footer }: Props) {
  return (
    <nav data-region aria-label={strings.sidebar.title} className="flex h-full flex-col bg-surface">
      <div className="p-2">
        <Link
          to="/"
          activeOptions={{ exact: true }}
          replace={replace}
          className="flex h-9 items-center gap-3 rounded-control px-3 font-medium transition hover:bg-bubble pointer-coarse:h-11"
        >
          <PlusIcon />
          {strings.sidebar.newChat}
        </Link>
      </div>
      <ChatList openId={openId} replace={replace} />
      {footer && <div className="p-2">{footer}</div>}
    </nav>
  );
}
