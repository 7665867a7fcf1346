import { useRef } from "react";
import { useHold } from "@/features/chat/use-hold";
import { useShowBranch } from "@/features/chat/use-show-branch";
import type { ShownMessage } from "@/shared/api/types";
import { strings } from "@/shared/strings";
import { announce } from "@/shared/ui/announcer";
import { IconButton } from "@/shared/ui/icon-button";
import { ChevronLeftIcon, ChevronRightIcon } from "@/shared/ui/icons";

interface Props {
  message: ShownMessage;
  siblings: readonly string[];
}

/** "2 / 5": which of its versions a turn is, and the way to the others. */
export function BranchPicker({ message, siblings }: Props) {
  const hold = useHold();
  const branch = useShowBranch(message.chat);
  const isBusy = useRef(false);
  const at = siblings.indexOf(message.id);
  const count = siblings.length;

  const show = async (button: HTMLElement, step: -1 | 1) => {
    const target = siblings[at + step];
    if (!target || isBusy.current) return;
    isBusy.current = true;
    const release = hold(button, target, { focus: `[data-step='${step}']` });
    try {
      await branch.mutateAsync(target);
      announce(strings.message.version(at + step + 1, count));
    } catch {
      // Said beside the buttons.
      release();
    } finally {
      isBusy.current = false;
    }
  };
  const step = (by: -1 | 1) => ({
    "data-step": by,
    disabled: !siblings[at + by],
    onClick: (event: { currentTarget: HTMLElement }) => void show(event.currentTarget, by),
  });
  return (
    <fieldset
      aria-label={strings.message.version(at + 1, count)}
      aria-busy={branch.isPending}
      className="flex items-center"
    >
      <IconButton label={strings.message.previous} icon={<ChevronLeftIcon />} {...step(-1)} />
      <span aria-hidden="true" className="whitespace-nowrap text-13 text-soft tabular-nums">
        {at + 1} / {count}
      </span>
      <IconButton label={strings.message.next} icon={<ChevronRightIcon />} {...step(1)} />
      {branch.isError && (
        <span role="alert" className="ms-1 text-13 text-danger">
          {strings.message.showFailed}
        </span>
      )}
    </fieldset>
  );
}
