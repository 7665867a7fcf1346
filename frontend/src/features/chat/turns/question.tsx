import { useId, useState } from "react";
import type { ShownMessage } from "@/shared/api/types";
import { strings } from "@/shared/strings";
import { CopyButton } from "./copy-button";

const FOLD_LINES = 12;
const FOLD_LENGTH = 1_200;

/** The reader's own turn: a quiet bubble, folded when it is long. */
export function Question({ message: { content, status } }: { message: ShownMessage }) {
  const heading = useId();
  const isLong =
    content.length > FOLD_LENGTH || content.split("\n", FOLD_LINES + 1).length > FOLD_LINES;
  const [isFolded, setFolded] = useState(true);
  return (
    <article aria-labelledby={heading} className="group flex flex-col items-end">
      <h2 id={heading} className="sr-only">
        {strings.message.you}
      </h2>
      <div
        dir="auto"
        className={`max-w-[80%] rounded-round bg-bubble px-4 py-2 text-16 wrap-anywhere whitespace-pre-wrap ${status === "sending" ? "opacity-70" : ""}`}
      >
        <div className={isLong && isFolded ? "line-clamp-12" : ""}>{content}</div>
        {isLong && (
          <button
            type="button"
            aria-expanded={!isFolded}
            className="mt-2 min-h-8 text-14 text-soft underline hover:text-text pointer-coarse:min-h-11"
            onClick={() => setFolded(!isFolded)}
          >
            {isFolded ? strings.message.more : strings.message.less}
          </button>
        )}
      </div>
      <div className="flex h-8 items-center opacity-0 transition group-focus-within:opacity-100 group-hover:opacity-100 pointer-coarse:h-11 pointer-coarse:opacity-100">
        <CopyButton text={content} label={strings.message.copy} />
      </div>
    </article>
  );
}
