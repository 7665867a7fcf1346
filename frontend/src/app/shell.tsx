import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback, useState } from "react";
import { AccountMenu } from "@/features/account/account-menu";
import { ChatView } from "@/features/chat/chat-view";
import { Sidebar } from "@/features/sidebar/sidebar";
import type { User } from "@/shared/api/types";
import { Events } from "@/shared/events/events";
import { useOutgoing } from "@/shared/outbox/use-outbox";
import { strings } from "@/shared/strings";
import { Dialog } from "@/shared/ui/dialog";
import { uuid7 } from "@/shared/uuid";
import { Attention } from "./attention";
import { Shortcuts } from "./shortcuts";
import { SkipLink } from "./skip-link";
import { TopBar } from "./top-bar";
import { useSheet } from "./use-sheet";

/** The signed-in page: the list of chats at the side, one chat in the middle. */
export const Shell = ({ user }: { user: User }) => (
  <Events user={user.id}>
    <Page />
  </Events>
);

function Page() {
  const { chatId: open } = useParams({ strict: false });
  const { message, find } = useSearch({ strict: false });
  const navigate = useNavigate();
  const fresh = useFreshId(open);
  const chatId = open ?? fresh;
  const sheet = useSheet();
  const onFind = useCallback(
    (isOpen: boolean) => {
      const search = isOpen ? { message, find: true } : { message };
      void navigate({ to: ".", search, replace: true });
    },
    [navigate, message],
  );
  return (
    <>
      <Attention openId={open} />
      <Shortcuts />
      <div className="flex h-dvh overflow-hidden">
        <SkipLink />
        <div className="hidden w-sidebar shrink-0 wide:block">
          <Sidebar openId={open} footer={<AccountMenu />} />
        </div>
        <Dialog sheet open={sheet.open} onOpenChange={sheet.close} title={strings.sidebar.title}>
          <Sidebar openId={open} footer={<AccountMenu />} replace />
        </Dialog>
        <main className="flex min-w-0 flex-1 flex-col">
          <TopBar openId={open} onOpenList={sheet.show} />
          <ChatView
            key={chatId}
            chatId={chatId}
            isNew={open === undefined}
            target={message}
            isFinding={find}
            onFind={onFind}
            onLeaveTarget={() => {
              if (message || find) void navigate({ to: ".", search: {}, replace: true });
            }}
          />
        </main>
      </div>
    </>
  );
}

/** The id of the new chat whose first turn is on its way, or the one that the next will get; it stays until it is open. */
function useFreshId(open: string | undefined): string {
  const [fresh, setFresh] = useState(uuid7);
  const begun = useOutgoing().find(({ title }) => title !== undefined)?.chat;
  if (open === fresh) setFresh(uuid7());
  else if (begun !== undefined && begun !== fresh && begun !== open) setFresh(begun);
  return fresh;
}
