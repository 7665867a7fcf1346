import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { asApiError } from "@/shared/api/error";
import { forgetUser, logout, sessionEnded, useUser } from "@/shared/api/session";
import { clearDrafts } from "@/shared/drafts";
import { strings } from "@/shared/strings";
import { announce } from "@/shared/ui/announcer";
import { PersonIcon } from "@/shared/ui/icons";
import { Menu, MenuItem } from "@/shared/ui/menu";
import { AccountDialog } from "./account-dialog";

/** Who is signed in, and what they can do about it. */
export function AccountMenu() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const user = useUser();
  const button = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);

  const leave = async () => {
    try {
      await logout();
    } catch (thrown) {
      return announce(asApiError(thrown).message, { assertive: true });
    }
    sessionEnded(client);
    await navigate({ to: "/login", replace: true });
    forgetUser(client);
    if (user) clearDrafts(user.id);
  };
  return (
    <>
      <Menu
        align="start"
        side="top"
        trigger={
          <button
            ref={button}
            type="button"
            aria-label={`${strings.sidebar.account}: ${user?.name}`}
            className="flex h-9 w-full items-center gap-3 rounded-control px-3 text-soft transition hover:bg-bubble pointer-coarse:h-11"
          >
            <PersonIcon />
            <span className="truncate">{user?.name}</span>
          </button>
        }
      >
        <MenuItem onSelect={() => setOpen(true)}>{strings.account.title}</MenuItem>
        <MenuItem onSelect={() => void leave()}>{strings.account.logout}</MenuItem>
      </Menu>
      <AccountDialog open={open} onOpenChange={setOpen} opener={button} />
    </>
  );
}
