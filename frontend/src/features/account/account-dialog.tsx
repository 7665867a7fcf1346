import { useOffers } from "@/shared/api/config";
import { strings } from "@/shared/strings";
import { Dialog } from "@/shared/ui/dialog";
import { ApiKeys } from "./api-keys";
import { DeleteAccount } from "./delete-account";
import { PasswordForm } from "./password-form";
import { Sessions } from "./sessions";

interface Props {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  onCloseAutoFocus: (event: Event) => void;
}

/** What belongs to the account, as far as the server offers it. */
export function AccountDialog(props: Props) {
  const hasPassword = useOffers("password");
  const hasSessions = useOffers("sessions");
  const hasKeys = useOffers("api_keys");
  const hasEnd = useOffers("delete_account");
  return (
    <Dialog {...props} title={strings.account.title}>
      <div className="grid grid-cols-1 gap-8">
        {hasPassword && <PasswordForm />}
        {hasSessions && <Sessions />}
        {hasKeys && <ApiKeys />}
        {hasEnd && <DeleteAccount />}
      </div>
    </Dialog>
  );
}
