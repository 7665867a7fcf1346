import type { Ref } from "react";
import type { ShownMessage } from "@/shared/api/types";
import { strings } from "@/shared/strings";
import { IconButton } from "@/shared/ui/icon-button";
import { PencilIcon } from "@/shared/ui/icons";
import { BranchPicker } from "./branch-picker";
import { CopyButton, CopyLinkButton } from "./copy-button";

interface Props {
  message: ShownMessage;
  siblings: readonly string[] | undefined;
  editButton: Ref<HTMLButtonElement>;
  onEdit: () => void;
}

/** What one can do with a turn of one's own. */
export function QuestionActions({ message, siblings, editButton, onEdit }: Props) {
  const isSending = message.status === "sending";
  const fade = siblings
    ? ""
    : "opacity-0 transition group-focus-within:opacity-100 group-hover:opacity-100";
  return (
    <div
      data-actions
      data-edit={isSending ? "not-yet" : undefined}
      className={`flex min-h-8 flex-wrap items-center justify-end gap-x-1 pointer-coarse:min-h-11 pointer-coarse:opacity-100 ${fade}`}
    >
      <CopyButton text={message.content} label={strings.message.copy} />
      {!isSending && (
        <>
          <CopyLinkButton id={message.id} />
          <IconButton
            ref={editButton}
            data-edit=""
            label={strings.message.edit}
            icon={<PencilIcon />}
            onClick={onEdit}
          />
        </>
      )}
      {siblings && <BranchPicker message={message} siblings={siblings} />}
    </div>
  );
}
