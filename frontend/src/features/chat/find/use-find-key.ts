import { useEffect } from "react";

export const FIND_ID = "find-in-chat";

interface Options {
  /** The browser's own finds only what is in the document, which is not all of the chat. */
  isNeeded: boolean;
  onOpen: () => void;
}

/** Ctrl+F, or Cmd+F, opens our find where the browser's sees too little; pressed in it, it opens the browser's. */
export function useFindKey({ isNeeded, onOpen }: Options): void {
  useEffect(() => {
    if (!isNeeded) return;
    const onKeyDown = (event: KeyboardEvent) => {
      const isFind = event.code === "KeyF" && (event.ctrlKey || event.metaKey);
      if (!isFind || event.shiftKey || event.altKey || event.defaultPrevented) return;
      const input = document.getElementById(FIND_ID);
      if (input && input === document.activeElement) return;
      event.preventDefault();
      if (input) input.focus();
      else onOpen();
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [isNeeded, onOpen]);
}
