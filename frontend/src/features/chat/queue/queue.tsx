import { useId } from "react";
import type { ShownMessage } from "@/shared/api/types";
import { strings } from "@/shared/strings";
import { QueueCard } from "./queue-card";
import { UnsentCard } from "./unsent-card";

interface Props {
  /** The turns that wait, with the answers to come. */
  waiting: readonly ShownMessage[];
  /** Gets the text of a turn that has left the queue unanswered. */
  onReturn: (text: string, id?: string) => void;
  /** Told, in words, why a turn could not be changed or withdrawn; nothing once that is over. */
  onProblem: (problem: string) => void;
}

/** The reader's turns that wait for the running answer, or to be sent at all, as cards on the box. */
export function Queue({ waiting, onReturn, onProblem }: Props) {
  const label = useId();
  const turns = waiting.filter(({ role }) => role === "user");
  if (turns.length === 0) return null;
  return (
    <section
      aria-labelledby={label}
      className="mx-3 max-h-[30dvh] overflow-y-auto rounded-t-block border border-b-0 border-line bg-surface"
    >
      <h2 id={label} className="px-3 pt-2 text-12 text-faint">
        {turns.every(({ status }) => status === "sending")
          ? strings.queue.unsentTitle
          : strings.queue.title}
      </h2>
      <ol className="divide-y divide-line">
        {turns.map((turn) =>
          turn.status === "sending" ? (
            <UnsentCard key={turn.id} turn={turn} onReturn={onReturn} />
          ) : (
            <QueueCard
              key={turn.id}
              turn={turn}
              answer={waiting.find(({ parent }) => parent === turn.id)?.id}
              onReturn={onReturn}
              onProblem={onProblem}
            />
          ),
        )}
      </ol>
    </section>
  );
}
