import { strings } from "@/shared/strings";
import type { TextPart } from "./parts";

/** What the model thought before it answered, folded. */
export function Reasoning({ message, text, isGrowing }: TextPart) {
  return (
    <details className="text-14 text-soft">
      <summary className="inline-flex min-h-8 cursor-pointer items-center gap-2 rounded-control hover:text-text pointer-coarse:min-h-11">
        {isGrowing ? strings.message.thinking : wordsFor(message.reasoning_ms)}
      </summary>
      <div
        dir="auto"
        className="mt-2 border-s-2 border-line ps-4 wrap-anywhere whitespace-pre-wrap"
      >
        {text}
      </div>
    </details>
  );
}

const wordsFor = (ms: number | null) =>
  ms === null ? strings.message.thoughts : strings.message.thoughtFor(Math.round(ms / 1_000));
