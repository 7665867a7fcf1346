import { memo } from "react";
import { Part } from "@/features/chat/turns/part";
import type { MessagePage, ShownMessage } from "@/shared/api/types";
import { strings } from "@/shared/strings";

/** Some turns of a chat; those out of sight cost no layout. */
export const ReadingPage = memo(function ReadingPage({ page }: { page: MessagePage }) {
  return page.results
    .filter(({ role }) => role !== "system")
    .map((message) => <ReadingTurn key={message.id} message={message} />);
});

function ReadingTurn({ message }: { message: ShownMessage }) {
  const { role, model, content, reasoning } = message;
  const isQuestion = role === "user";
  return (
    <article className="ct-lazy flex flex-col gap-2">
      <h2 className="text-13 text-soft">
        {isQuestion ? strings.message.you : strings.message.answerBy(model)}
      </h2>
      {reasoning && <Part kind="reasoning" message={message} text={reasoning} isGrowing={false} />}
      {isQuestion ? (
        <p
          dir="auto"
          className="rounded-block bg-bubble px-4 py-2 text-16 contrast-more:border contrast-more:border-edge forced-colors:border wrap-anywhere whitespace-pre-wrap"
        >
          {content}
        </p>
      ) : (
        <Part kind="content" message={message} text={content} isGrowing={false} />
      )}
    </article>
  );
}
