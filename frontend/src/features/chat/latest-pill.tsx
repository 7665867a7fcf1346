import { strings } from "@/shared/strings";
import { ArrowDownIcon } from "@/shared/ui/icons";

export function LatestPill({ onPress }: { onPress: () => void }) {
  return (
    <button
      type="button"
      aria-label={strings.chat.toLatest}
      className="absolute inset-x-0 bottom-2 mx-auto inline-flex min-h-8 w-fit animate-appear items-center gap-1 rounded-full border border-line bg-raised ps-2 pe-3 text-13 text-soft shadow-float hover:text-text pointer-coarse:min-h-11"
      onClick={onPress}
    >
      <ArrowDownIcon />
      {strings.chat.latest}
    </button>
  );
}
