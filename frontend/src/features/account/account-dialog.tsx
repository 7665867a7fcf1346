import type { RefObject } from "react";
import { strings } from "@/shared/strings";
import { Dialog } from "@/shared/ui/dialog";
import { ApiKeys } from "./api-keys";
import { PasswordForm } from "./password-form";
import { SettingsForm } from "./settings-form";

interface Props {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  /** Gets the focus back. */
  opener: RefObject<HTMLElement | null>;
}

export function AccountDialog({ open, onOpenChange, opener }: Props) {
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title={strings.account.title}
      onCloseAutoFocus={(event) => {
        event.preventDefault();
        opener.current?.focus();
      }}
    >
      <div className="grid gap-8">
        <SettingsForm />
        <PasswordForm />
        <ApiKeys />
      </div>
    </Dialog>
  );
}
