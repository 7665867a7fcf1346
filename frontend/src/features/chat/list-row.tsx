import { memo, type Ref } from "react";
import type { ShownMessage } from "@/shared/api/types";
import { Turn } from "./turns/turn";

interface Props {
  ref: Ref<HTMLLIElement>;
  message: ShownMessage;
  siblings: readonly string[] | undefined;
  index: number;
  isLast: boolean;
  /** Which one of how many it is, where not all rows are in the document. */
  position: number | undefined;
  setSize: number | undefined;
  /** A link has led to it. */
  isMarked: boolean;
}

/** A quiet ground that moves no text. */
const marked =
  "-mx-2 rounded-block bg-surface px-2 ring-4 ring-surface wide:mx-auto wide:max-w-[calc(var(--ct-measure)+1rem)]";

/** One turn at its place in the list. */
export const ListRow = memo(function ListRow({
  ref,
  message,
  siblings,
  index,
  isLast,
  position,
  setSize,
  isMarked,
}: Props) {
  return (
    <li
      ref={ref}
      data-index={index}
      data-message={message.id}
      aria-setsize={setSize}
      aria-posinset={position}
      aria-current={isMarked || undefined}
      className="absolute inset-x-0 top-0 px-4"
    >
      <div className={isMarked ? marked : "mx-auto max-w-measure"}>
        <Turn message={message} siblings={siblings} isLast={isLast} />
      </div>
    </li>
  );
});
