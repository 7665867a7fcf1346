import type { Ref } from "react";
import type { ShownMessage } from "@/shared/api/types";
import { Turn } from "./turns/turn";

interface Props {
  ref: Ref<HTMLLIElement>;
  message: ShownMessage;
  siblings: readonly string[] | undefined;
  index: number;
  count: number;
  /** Not all rows are in the document: each says which one it is. */
  isWindowed: boolean;
  /** A link has led to it. */
  isMarked: boolean;
}

/** One turn at its place in the list. */
export function ListRow({ ref, message, siblings, index, count, isWindowed, isMarked }: Props) {
  return (
    <li
      ref={ref}
      data-index={index}
      data-message={message.id}
      aria-setsize={isWindowed ? count : undefined}
      aria-posinset={isWindowed ? index + 1 : undefined}
      aria-current={isMarked || undefined}
      className="absolute inset-x-0 top-0 px-4"
    >
      <div
        className={`mx-auto max-w-measure ${isMarked ? "rounded-block bg-surface ring-8 ring-surface" : ""}`}
      >
        <Turn message={message} siblings={siblings} isLast={index === count - 1} />
      </div>
    </li>
  );
}
