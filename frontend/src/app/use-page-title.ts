import { useEffect } from "react";
import { strings } from "@/shared/strings";

/** Names the tab. */
export function usePageTitle(title: string | undefined): void {
  useEffect(() => {
    document.title = title ? `${title} · ${strings.app.name}` : strings.app.name;
  }, [title]);
}
