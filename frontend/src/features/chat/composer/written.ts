/** A large text that stays out of the box, with what was typed in front of it. */
export interface Fold {
  typed: string;
  pasted: string;
}

/** What is to be sent, in its order: large texts as cards, then what stands in the box. */
export interface Written {
  folds: readonly Fold[];
  text: string;
}

/** A longer text, in characters, is a card: in the box the browser would lay out all of it at each key. */
const LONGEST_IN_BOX = 32_000;

export const NOTHING: Written = { folds: [], text: "" };

export const wholeOf = ({ folds, text }: Written): string =>
  folds.map(({ typed, pasted }) => typed + pasted).join("") + text;

/** Folds a text that is too long for the box, but for so many characters at its end. */
export function folded(whole: string, tail = 0): Written {
  if (whole.length <= LONGEST_IN_BOX) return { folds: NOTHING.folds, text: whole };
  const at = tail > LONGEST_IN_BOX ? whole.length : whole.length - tail;
  return { folds: [{ typed: "", pasted: whole.slice(0, at) }], text: whole.slice(at) };
}

/** Folds what is pasted over that part of the box; nothing where the box can take it. */
export function pasted(
  { folds, text }: Written,
  paste: string,
  { start, end }: { start: number; end: number },
): Written | undefined {
  if (paste.length <= LONGEST_IN_BOX) return undefined;
  // As the box itself would keep the ends of lines.
  const fold = { typed: text.slice(0, start), pasted: paste.replace(/\r\n?/g, "\n") };
  return { folds: [...folds, fold], text: text.slice(end) };
}

/** Takes a pasted text away; what was typed in front of it stays. */
export function without({ folds, text }: Written, index: number): Written {
  const typed = folds[index]?.typed ?? "";
  const [next, ...later] = folds.slice(index + 1);
  const before = folds.slice(0, index);
  return next
    ? { folds: [...before, { ...next, typed: typed + next.typed }, ...later], text }
    : { folds: before, text: typed + text };
}

/** Puts a card into the box, with all that comes after it. */
export const unfolded = ({ folds, text }: Written, index: number): Written => ({
  folds: folds.slice(0, index),
  text: wholeOf({ folds: folds.slice(index), text }),
});

/** How long they are together, as the server counts: a character of two code units once. */
export const charsOf = (folds: readonly Fold[]): number =>
  folds.reduce((sum, { typed, pasted }) => sum + countChars(typed) + countChars(pasted), 0);

const countChars = (text: string) =>
  text.length - (text.match(/[\uD800-\uDBFF][\uDC00-\uDFFF]/g)?.length ?? 0);
