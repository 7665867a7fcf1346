import { useQueryClient } from "@tanstack/react-query";
import { applyChatEvent, updateChat } from "@/shared/api/chats";
import type { Chat } from "@/shared/api/types";
import { strings } from "@/shared/strings";
import { Dialog } from "@/shared/ui/dialog";
import { InstructionsForm } from "@/shared/ui/instructions-form";

interface Props {
  chat: Chat;
  open: boolean;
  onClose: () => void;
  onCloseAutoFocus: (event: Event) => void;
}

/** What the answers of one chat keep to. */
export function InstructionsDialog({ chat, open, onClose, onCloseAutoFocus }: Props) {
  const client = useQueryClient();
  return (
    <Dialog
      open={open}
      onOpenChange={onClose}
      title={strings.sidebar.instructions}
      onCloseAutoFocus={onCloseAutoFocus}
    >
      <InstructionsForm
        place={`instructions.${chat.id}`}
        label={strings.sidebar.instructionsOf(chat.title || strings.sidebar.untitled)}
        hint={strings.sidebar.instructionsHint}
        value={chat.instructions}
        save={async (instructions) => {
          const saved = await updateChat(chat.id, { instructions });
          applyChatEvent(client, { type: "chat.updated", chat: saved });
        }}
      />
    </Dialog>
  );
}
