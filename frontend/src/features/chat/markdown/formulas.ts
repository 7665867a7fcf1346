/** What is mathematics in a text, and not money, shell or prose. */

interface Pair {
  readonly open: string;
  readonly close: string;
  readonly isDisplay: boolean;
}

/** The longer marks come first: `$$` is no empty formula in `$`. */
const PAIRS: readonly Pair[] = [
  { open: "$$", close: "$$", isDisplay: true },
  { open: "\\[", close: "\\]", isDisplay: true },
  { open: "\\(", close: "\\)", isDisplay: false },
  { open: "$", close: "$", isDisplay: false },
];
const WORD = /[\p{L}\p{N}$\\]/u;
const BLANK_LINE = /\n[ \t]*\n/;
const LETTERS = /\p{L}{2,}/u;
const SIGNS = /[\^_=+*/<>{}|()[\]-]/;

export interface Formula {
  readonly tex: string;
  readonly isDisplay: boolean;
}

/** The marks that a source starts with. */
const pairOf = (source: string): Pair | undefined =>
  PAIRS.find(({ open }) => source.startsWith(open));

/** A formula cannot start right after this character. */
export const mayPrecede = (char: string | undefined): boolean => !char || !WORD.test(char);

/** The formula that a source is from its first to its last character, with `next` after it. */
export function formulaOf(source: string, next: string | undefined): Formula | undefined {
  const pair = pairOf(source);
  if (!pair?.close || source.length <= pair.open.length || !source.endsWith(pair.close))
    return undefined;
  const inner = source.slice(pair.open.length, -pair.close.length);
  const isWhole = inner.trim() !== "" && !inner.endsWith("\\") && !BLANK_LINE.test(inner);
  if (!isWhole || hasMark(inner, pair.close)) return undefined;
  const isDollar = pair.open.startsWith("$");
  if (isDollar && (isProse(inner) || (pair.open === "$" && !isTight(inner, next))))
    return undefined;
  return { tex: inner.trim(), isDisplay: pair.isDisplay };
}

const hasMark = (inner: string, mark: string): boolean =>
  mark === "$" ? /(?<!\\)\$/.test(inner) : inner.includes(mark);

/** Words without a sign of mathematics, or an amount with words after it. */
const isProse = (inner: string): boolean =>
  !inner.includes("\\") && LETTERS.test(inner) && (/^\s*[\d.,]/.test(inner) || !SIGNS.test(inner));

/** Single dollars stand right at what they embrace, and neither a word nor a shell's bracket follows. */
const isTight = (inner: string, next: string | undefined): boolean =>
  inner.trim() === inner && !(next && /[\p{L}\p{N}$\\({]/u.test(next));

/** Where the formula that starts here ends; undefined where none does. */
export function formulaEnd(text: string, at: number): number | undefined {
  const pair = mayPrecede(text[at - 1]) ? pairOf(text.slice(at, at + 2)) : undefined;
  if (!pair) return undefined;
  let end = at + pair.open.length;
  for (;;) {
    const close = text.indexOf(pair.close, end);
    if (close < 0) return undefined;
    end = close + pair.close.length;
    if (formulaOf(text.slice(at, end), text[end])) return end;
  }
}

/** Where a display formula stands that has begun on a line of its own and may still be closed. */
export function openDisplay(text: string): number | undefined {
  const blanks = [...text.matchAll(/\n[ \t]*(?=\n)/g)];
  const opening = /^[ \t]*(?:\$\$|\\\[)/gm;
  opening.lastIndex = blanks.at(-1)?.index ?? 0;
  for (let match = opening.exec(text); match; match = opening.exec(text)) {
    const at = match.index + match[0].length - 2;
    const end = formulaEnd(text, at);
    if (end === undefined) return match.index;
    opening.lastIndex = end;
  }
  return undefined;
}
