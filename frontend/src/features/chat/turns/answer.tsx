import { useId, useState } from "react";
import { isRunning, useShown } from "@/features/chat/use-shown";
import type { ShownMessage } from "@/shared/api/types";
import { strings } from "@/shared/strings";
import { AnswerActions } from "./answer-actions";
import { AnswerNotice } from "./answer-notice";
import { Part } from "./part";
import { useLater } from "./use-later";
import { Waiting } from "./waiting";

const WORDS_AFTER = 3_000;

interface Props {
  message: ShownMessage;
  siblings: readonly string[] | undefined;
  isLast: boolean;
}

/** An answer: plain text on the page, growing while it runs. */
export function Answer({ message, siblings, isLast }: Props) {
  const heading = useId();
  const shown = useShown(message);
  const running = isRunning(shown);
  const isLate = useLater(WORDS_AFTER, shown.content_length + shown.reasoning_length);
  const isBare = useBare(shown);
  const isWaiting = running && (isLate || isBare || !shown.content || shown.retry_at !== null);
  return (
    <article
      aria-labelledby={heading}
      aria-busy={running}
      data-turn
      tabIndex={-1}
      className="group relative flex flex-col gap-3"
    >
      <h2 id={heading} className="sr-only">
        {strings.message.answerBy(shown.model)}
      </h2>
      {shown.reasoning && (
        <Part
          kind="reasoning"
          message={shown}
          text={shown.reasoning}
          isGrowing={running && !shown.content}
        />
      )}
      {shown.content && (
        <Part kind="content" message={shown} text={shown.content} isGrowing={running} />
      )}
      {isWaiting && <Waiting message={shown} isLate={isLate} />}
      {!running && <AnswerNotice message={shown} />}
      <AnswerActions message={shown} siblings={siblings} isLast={isLast} isRunning={running} />
    </article>
  );
}

/** True from when an answer waits for its turn until its first word, even if it goes on with what it has. */
function useBare({ status, content_length, reasoning_length }: ShownMessage): boolean {
  const length = content_length + reasoning_length;
  const [start, setStart] = useState<number>();
  if (status === "queued" && start !== length) setStart(length);
  return start === length;
}
