import { strings } from "@/shared/strings";
import { Dialog } from "@/shared/ui/dialog";
import { ApiKeys } from "./api-keys";
import { PasswordForm } from "./password-form";

interface Props {
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

export function AccountDialog({ open, onOpenChange }: Props) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={strings.account.title}>
      <div className="grid gap-8">
        <PasswordForm />
        <ApiKeys />
      </div>
    </Dialog>
  );
}
