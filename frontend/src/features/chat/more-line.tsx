import { strings } from "@/shared/strings";
import { Button } from "@/shared/ui/button";

/** The way to the messages before the first, or after the last, one that is loaded. */
export interface More {
  hasMore: boolean;
  mayLoad: boolean;
  hasFailed: boolean;
  load: () => void;
}

interface Props {
  more: More;
  at: "top" | "bottom";
}

const words = {
  top: { loading: strings.chat.loadingOlder, failed: strings.chat.olderFailed, place: "-mb-12" },
  bottom: { loading: strings.chat.loadingNewer, failed: strings.chat.newerFailed, place: "-mt-12" },
};

export function MoreLine({ more, at }: Props) {
  if (!more.hasMore) return null;
  const { loading, failed, place } = words[at];
  return (
    <div
      className={`relative z-10 flex h-12 items-center justify-center gap-3 text-13 text-faint ${place}`}
    >
      {more.hasFailed ? failed : loading}
      {more.hasFailed && <Button onClick={more.load}>{strings.app.retry}</Button>}
    </div>
  );
}
