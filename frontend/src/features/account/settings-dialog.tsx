import { useQuery, useQueryClient } from "@tanstack/react-query";
import { sessionKey, sessionQuery, updateUser } from "@/shared/api/session";
import { strings } from "@/shared/strings";
import { Dialog } from "@/shared/ui/dialog";
import { InstructionsForm } from "@/shared/ui/instructions-form";
import { SettingsForm } from "./settings-form";

interface Props {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  onCloseAutoFocus: (event: Event) => void;
}

/** How the page looks and sends in this browser, and what every answer keeps to. */
export function SettingsDialog(props: Props) {
  return (
    <Dialog {...props} title={strings.settings.title}>
      <div className="grid grid-cols-1 gap-8">
        <SettingsForm />
        <OwnInstructions />
      </div>
    </Dialog>
  );
}

function OwnInstructions() {
  const client = useQueryClient();
  const user = useQuery({ ...sessionQuery, refetchOnMount: "always" }).data;
  return (
    <InstructionsForm
      place="instructions"
      label={strings.settings.instructions}
      hint={strings.settings.instructionsHint}
      value={user?.instructions ?? ""}
      save={async (instructions) =>
        client.setQueryData(sessionKey, await updateUser({ instructions }))
      }
    />
  );
}
