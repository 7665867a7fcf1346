import { useEffect, useState } from "react";
import { askForNotifications, declineNotifications, mayAsk } from "@/shared/notifications";
import { strings } from "@/shared/strings";
import { IconButton } from "@/shared/ui/icon-button";
import { CloseIcon } from "@/shared/ui/icons";

/** An answer that takes longer than this, in milliseconds, is worth an offer. */
const LONG = 10_000;

/** Offers to tell when a long answer is ready; once declined, never again. */
export function NotifyLine({ running }: { running: boolean }) {
  const [isLong, setLong] = useState(false);
  const [isOpen, setOpen] = useState(mayAsk);
  useEffect(() => {
    if (!running) return;
    const timer = setTimeout(() => setLong(true), LONG);
    return () => {
      clearTimeout(timer);
      setLong(false);
    };
  }, [running]);
  if (!isOpen || !isLong || !running) return null;
  const close = (act: () => void) => () => {
    act();
    setOpen(false);
  };
  return (
    <div className="mx-auto flex w-full max-w-measure items-center px-4 text-13 text-soft">
      <button
        type="button"
        className="min-h-8 rounded-control underline hover:text-text pointer-coarse:min-h-11"
        onClick={close(() => void askForNotifications())}
      >
        {strings.chat.notifyMe}
      </button>
      <IconButton
        label={strings.chat.notifyNot}
        icon={<CloseIcon />}
        onClick={close(declineNotifications)}
      />
    </div>
  );
}
