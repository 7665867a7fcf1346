import { useState } from "react";
import { focusBox } from "@/features/chat/composer/focus-box";
import type { ShownMessage } from "@/shared/api/types";
import { strings } from "@/shared/strings";
import { IconButton } from "@/shared/ui/icon-button";
import { CloseIcon, PencilIcon } from "@/shared/ui/icons";
import { CardEdit } from "./card-edit";
import { CardText } from "./card-text";
import { useWaiting } from "./use-waiting";

interface Props {
  turn: ShownMessage;
  /** The answer that it waits for, which goes with it. */
  answer: string | undefined;
  onReturn: (text: string) => void;
  onProblem: (problem: string) => void;
}

/** A turn that waits: what it says, and the ways to change it and to take it back into the box. */
export function QueueCard({ turn, answer, onReturn, onProblem }: Props) {
  const [isEditing, setEditing] = useState(false);
  const { withdraw, change, isBusy } = useWaiting({ turn, answer, onReturn, onProblem });
  if (isEditing)
    return (
      <li className="p-2">
        <CardEdit
          text={turn.content}
          isBusy={isBusy}
          onSave={change}
          onClose={() => setEditing(false)}
          onReturn={onReturn}
        />
      </li>
    );
  return (
    <li className="flex flex-wrap items-center justify-end gap-1 py-1 ps-3 pe-1">
      <CardText text={turn.content} />
      <IconButton
        data-edit=""
        label={strings.queue.edit}
        icon={<PencilIcon />}
        disabled={isBusy}
        onClick={() => setEditing(true)}
      />
      <IconButton
        label={strings.queue.withdraw}
        icon={<CloseIcon />}
        disabled={isBusy}
        onClick={() => {
          withdraw();
          focusBox();
        }}
      />
    </li>
  );
}
