import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { configQuery } from "@/shared/api/config";
import { asApiError } from "@/shared/api/error";
import { logout, useUser } from "@/shared/api/session";
import type { Feature } from "@/shared/api/types";
import { strings } from "@/shared/strings";
import { announce } from "@/shared/ui/announcer";
import { PersonIcon } from "@/shared/ui/icons";
import { Menu, MenuItem } from "@/shared/ui/menu";
import { AccountDialog } from "./account-dialog";
import { SettingsDialog } from "./settings-dialog";
import { useLeave } from "./use-leave";

const OF_ACCOUNT: readonly Feature[] = ["password", "sessions", "api_keys", "delete_account"];

/** Who is signed in, and what they can do about it. */
export function AccountMenu() {
  const user = useUser();
  const features = useQuery(configQuery).data?.features ?? [];
  const leave = useLeave();
  const button = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState<"settings" | "account">();

  const logOut = async () => {
    try {
      await logout();
    } catch (thrown) {
      return announce(asApiError(thrown).message, { assertive: true });
    }
    await leave();
  };
  const dialog = (name: typeof open) => ({
    open: open === name,
    onOpenChange: (isOpen: boolean) => setOpen(isOpen ? name : undefined),
    onCloseAutoFocus: (event: Event) => {
      event.preventDefault();
      button.current?.focus();
    },
  });
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
        <MenuItem onSelect={() => setOpen("settings")}>{strings.settings.title}</MenuItem>
        {features.some((feature) => OF_ACCOUNT.includes(feature)) && (
          <MenuItem onSelect={() => setOpen("account")}>{strings.account.title}</MenuItem>
        )}
        {features.includes("login") && (
          <MenuItem onSelect={() => void logOut()}>{strings.account.logout}</MenuItem>
        )}
      </Menu>
      <SettingsDialog {...dialog("settings")} />
      <AccountDialog {...dialog("account")} />
    </>
  );
}
