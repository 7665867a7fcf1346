import { strings } from "@/shared/strings";
import { Button } from "@/shared/ui/button";

/** The way to the messages before the first one that is loaded. */
export interface Older {
  hasMore: boolean;
  mayLoad: boolean;
  hasFailed: boolean;
  load: () => void;
}

export function OlderLine({ older }: { older: Older }) {
  if (!older.hasMore) return null;
  return (
    <div className="relative z-10 -mb-12 flex h-12 items-center justify-center gap-3 text-13 text-faint">
      {older.hasFailed ? strings.chat.olderFailed : strings.chat.loadingOlder}
      {older.hasFailed && <Button onClick={older.load}>{strings.app.retry}</Button>}
    </div>
  );
}
