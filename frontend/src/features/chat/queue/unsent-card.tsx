import { focusBox } from "@/features/chat/composer/focus-box";
import type { ShownMessage } from "@/shared/api/types";
import { useOutbox, useOutgoingOf } from "@/shared/outbox/use-outbox";
import { strings } from "@/shared/strings";
import { IconButton } from "@/shared/ui/icon-button";
import { CloseIcon, RetryIcon } from "@/shared/ui/icons";
import { CardText } from "./card-text";

interface Props {
  turn: ShownMessage;
  onReturn: (text: string, id: string) => void;
}

/** A turn that the server has not confirmed: on its way, or held up until it can be sent. */
export function UnsentCard({ turn, onReturn }: Props) {
  const outbox = useOutbox();
  const { problem } = useOutgoingOf(turn.chat);
  const takeBack = async () => {
    const taken = await outbox.takeBack(turn.id);
    if (taken) onReturn(taken.content, taken.id);
    focusBox();
  };
  return (
    <li
      data-edit="not-yet"
      className="flex flex-wrap items-center justify-end gap-1 py-1 ps-3 pe-1"
    >
      <div className="min-w-0 flex-1 basis-32">
        <CardText text={turn.content} isFaint />
        {problem && (
          <p className="text-13 text-warn">
            {strings.queue.unsent} {problem.message}
          </p>
        )}
      </div>
      {problem && (
        <>
          <IconButton label={strings.queue.retry} icon={<RetryIcon />} onClick={outbox.wake} />
          <IconButton
            data-edit=""
            label={strings.queue.withdraw}
            icon={<CloseIcon />}
            onClick={() => void takeBack()}
          />
        </>
      )}
    </li>
  );
}
