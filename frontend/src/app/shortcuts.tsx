import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { focusBox } from "@/features/chat/composer/focus-box";
import { strings } from "@/shared/strings";
import { Dialog } from "@/shared/ui/dialog";
import { walkRegions } from "./regions";

/** The keys that work everywhere on the page, and the list of all there are. */
export function Shortcuts() {
  const navigate = useNavigate();
  const [isOpen, setOpen] = useState(false);
  const opener = useRef<Element>(null);
  useEffect(() => {
    const open = () => {
      opener.current = document.activeElement;
      setOpen(true);
    };
    const actOn = (event: KeyboardEvent): (() => void) | undefined => {
      const isCommand = event.ctrlKey || event.metaKey;
      if (isCommand && event.shiftKey && event.code === "KeyO")
        return () => void navigate({ to: "/" }).then(focusBox);
      if (event.key === "F6" && !isCommand && !event.altKey)
        return () => walkRegions(event.shiftKey ? -1 : 1);
      const isAsked = isCommand ? event.key === "/" : event.key === "?" && isOnTurn();
      return isAsked ? open : undefined;
    };
    const onKeyDown = (event: KeyboardEvent) => {
      const act = event.defaultPrevented ? undefined : actOn(event);
      if (!act) return;
      event.preventDefault();
      act();
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [navigate]);
  return (
    <Dialog
      open={isOpen}
      onOpenChange={setOpen}
      title={strings.shortcuts.title}
      onCloseAutoFocus={(event) => {
        event.preventDefault();
        if (opener.current instanceof HTMLElement) opener.current.focus({ preventScroll: true });
      }}
    >
      <dl className="grid gap-2">
        {strings.shortcuts.keys.map(([keys, words]) => (
          <div key={keys} className="flex flex-wrap gap-x-4">
            <dt className="w-32 shrink-0">
              <kbd dir="ltr" className="whitespace-nowrap text-13 text-soft">
                {keys}
              </kbd>
            </dt>
            <dd className="min-w-0 flex-1 basis-40">{words}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

/** A single letter counts only where no text is written: on a turn itself. */
const isOnTurn = () => document.activeElement?.hasAttribute("data-turn") ?? false;
