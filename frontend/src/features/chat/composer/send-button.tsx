import { strings } from "@/shared/strings";
import { IconButton } from "@/shared/ui/icon-button";
import { SendIcon, StopIcon } from "@/shared/ui/icons";

/** Send, or stop in the same place; the button stays the same element, so that focus stays on it. */
export function SendButton({ running, onStop }: { running: boolean; onStop: () => void }) {
  return running ? (
    <IconButton
      key="send"
      label={strings.composer.stop}
      icon={<StopIcon />}
      onClick={onStop}
      look="accent"
    />
  ) : (
    <IconButton
      key="send"
      type="submit"
      label={strings.composer.send}
      icon={<SendIcon />}
      look="accent"
    />
  );
}
