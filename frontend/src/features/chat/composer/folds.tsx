import { strings } from "@/shared/strings";
import { FoldCard } from "./fold-card";
import type { Fold } from "./written";

interface Props {
  folds: readonly Fold[];
  onUnfold: (index: number) => void;
  onRemove: (index: number) => void;
}

/** The large texts of the message, above the box as they come before its text. */
export function Folds({ folds, onUnfold, onRemove }: Props) {
  if (folds.length === 0) return null;
  return (
    <ul
      aria-label={strings.composer.folds}
      className="m-1 flex max-h-[20dvh] flex-col gap-1 overflow-y-auto"
    >
      {folds.map((fold, index) => (
        <FoldCard
          // biome-ignore lint/suspicious/noArrayIndexKey: a card has no state, and two may say the same.
          key={index}
          fold={fold}
          onUnfold={() => onUnfold(index)}
          onRemove={() => onRemove(index)}
        />
      ))}
    </ul>
  );
}
