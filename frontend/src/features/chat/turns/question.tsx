import { useId, useLayoutEffect, useRef, useState } from "react";
import type { ShownMessage } from "@/shared/api/types";
import { strings } from "@/shared/strings";
import { EditBox } from "./edit-box";
import { QuestionActions } from "./question-actions";

const FOLD_LINES = 12;
const FOLD_LENGTH = 1_200;

interface Props {
  message: ShownMessage;
  siblings: readonly string[] | undefined;
}

/** The reader's own turn: a quiet bubble, folded when it is long, or a box to edit it in. */
export function Question({ message, siblings }: Props) {
  const { content, status } = message;
  const heading = useId();
  const isLong =
    content.length > FOLD_LENGTH || content.split("\n", FOLD_LINES + 1).length > FOLD_LINES;
  const [isFolded, setFolded] = useState(true);
  const [isEditing, setEditing] = useState(false);
  const editButton = useRef<HTMLButtonElement>(null);
  const wasEditing = useRef(false);
  useLayoutEffect(() => {
    if (wasEditing.current && !isEditing) editButton.current?.focus({ preventScroll: true });
    wasEditing.current = isEditing;
  }, [isEditing]);

  return (
    <article
      aria-labelledby={heading}
      data-turn
      tabIndex={-1}
      className="group relative flex flex-col items-end"
    >
      <h2 id={heading} className="sr-only">
        {strings.message.you}
      </h2>
      {isEditing ? (
        <EditBox message={message} onClose={() => setEditing(false)} />
      ) : (
        <>
          <div
            dir="auto"
            className={`max-w-[80%] rounded-round bg-bubble px-4 py-2 text-16 contrast-more:border contrast-more:border-edge forced-colors:border wrap-anywhere whitespace-pre-wrap ${status === "sending" ? "opacity-70" : ""}`}
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
          <QuestionActions
            message={message}
            siblings={siblings}
            editButton={editButton}
            onEdit={() => setEditing(true)}
          />
        </>
      )}
    </article>
  );
}
