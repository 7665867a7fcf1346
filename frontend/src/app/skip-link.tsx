import { focusBox } from "@/features/chat/composer/focus-box";
import { strings } from "@/shared/strings";

/** The first thing that the Tab key meets: past the list of chats, into the box. */
export function SkipLink() {
  return (
    <button
      type="button"
      onClick={focusBox}
      className="absolute start-2 top-2 z-40 rounded-control bg-raised px-4 py-2 not-focus:sr-only"
    >
      {strings.app.skip}
    </button>
  );
}
