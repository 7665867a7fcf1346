import type { RootContent } from "mdast";

/** A longer paragraph is painted in pieces. */
export const LONG_PARAGRAPH = 2_048;
export const LONGEST_PIECE = 4_096;
const SENTENCE_END = /[.!?…]["'”’)]*\s+|[。！？]|\n/;

/** Keeps a piece of a paragraph from being read as a list or a heading; it takes no place. */
export const JOINER = "\u2060";

/** Cuts a long paragraph at ends of sentences: at the same places however much of it has come. */
export function cutParagraph(source: string): { at: number; source: string }[] {
  const pieces: { at: number; source: string }[] = [];
  let at = 0;
  while (source.length - at > LONG_PARAGRAPH) {
    const length = pieceLength(source.slice(at, at + LONGEST_PIECE));
    if (length === undefined) break;
    pieces.push({ at, source: source.slice(at, at + length) });
    at += length;
  }
  if (at < source.length) pieces.push({ at, source: source.slice(at) });
  return pieces;
}

function pieceLength(text: string): number | undefined {
  const late = text.slice(LONG_PARAGRAPH);
  const end = SENTENCE_END.exec(late);
  if (end) return LONG_PARAGRAPH + end.index + end[0].length;
  if (text.length < LONGEST_PIECE) return undefined;
  const space = late.lastIndexOf(" ");
  if (space > 0) return LONG_PARAGRAPH + space + 1;
  return /[\uD800-\uDBFF]$/.test(text) ? LONGEST_PIECE - 1 : LONGEST_PIECE;
}

/** Cuts code from there on into pieces of whole lines: a new line has only the last one laid out again. */
export function cutLines(code: string, from: number): { at: number; source: string }[] {
  const pieces: { at: number; source: string }[] = [];
  for (let at = from; at < code.length; ) {
    const end = code.indexOf("\n", at + LONGEST_PIECE) + 1 || code.length;
    pieces.push({ at, source: code.slice(at, end) });
    at = end;
  }
  return pieces;
}

export function withoutJoiner(node: RootContent): RootContent {
  if (node.type !== "paragraph") return node;
  const [first, ...rest] = node.children;
  if (first?.type !== "text" || !first.value.startsWith(JOINER)) return node;
  return { ...node, children: [{ ...first, value: first.value.slice(JOINER.length) }, ...rest] };
}
