import type { MouseEvent } from "react";
import { strings } from "@/shared/strings";
import { IconButton } from "@/shared/ui/icon-button";
import { SendIcon, StopIcon } from "@/shared/ui/icons";

interface Props {
  running: boolean;
  onStop: () => void;
}

/** Send, or stop in the same place: one element, so that the focus stays on it. */
export function SendButton({ running, onStop }: Props) {
  const onClick = (event: MouseEvent) => {
    // The second half of a double click must not stop what the first has sent, nor send after a stop. Nor may the
    // click that stops: the button may be one that sends before the browser asks what the click was for.
    if (event.detail > 1 || running) event.preventDefault();
    if (event.detail <= 1 && running) onStop();
  };
  return (
    <IconButton
      look="accent"
      type={running ? "button" : "submit"}
      label={running ? strings.composer.stop : strings.composer.send}
      icon={running ? <StopIcon /> : <SendIcon />}
      onClick={onClick}
    />
  );
}
