import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { focusBox } from "@/features/chat/composer/focus-box";

/** Ctrl+Shift+O, or Cmd+Shift+O: a new chat. */
export function useShortcuts(): void {
  const navigate = useNavigate();
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || !event.shiftKey || event.code !== "KeyO") return;
      event.preventDefault();
      void navigate({ to: "/" }).then(focusBox);
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [navigate]);
}
