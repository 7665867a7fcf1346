import { useEffect } from "react";
import { useUnreadIds } from "@/shared/events/use-live";
import { strings } from "@/shared/strings";

/** Names the tab, and says how many chats have an answer that nobody has seen. */
export function usePageTitle(title: string | undefined): void {
  const { size } = useUnreadIds();
  useEffect(() => {
    const name = title ? `${title} · ${strings.app.name}` : strings.app.name;
    document.title = size > 0 ? `(${size}) ${name}` : name;
  }, [title, size]);
}
