const OPENING = /^( {0,3})(`{3,}(?=[^`]*(?:\n|$))|~{3,})[^\n]*(\n|$)/;

export interface Fence {
  readonly marks: string;
  readonly indent: number;
  /** The length of the opening line. */
  readonly length: number;
}

/** The fence that a source starts with. */
export function fenceOf(source: string): Fence | undefined {
  const match = OPENING.exec(source);
  if (!match) return undefined;
  const [line, indent = "", marks = ""] = match;
  return { marks, indent: indent.length, length: line.length };
}

/** A line closes a fence when it holds nothing but at least as many of the same marks. */
export function closesFence(line: string, marks: string): boolean {
  return mayClose(line, marks) && line.trim().length >= marks.length;
}

/** An unfinished line may still become the closing one. */
export function mayClose(line: string, marks: string): boolean {
  const rest = line.trim();
  return /^ {0,3}(?! )/.test(line) && rest === (marks[0] ?? "").repeat(rest.length);
}

/** The code without the spaces by which its fence is indented. */
export const unindent = (code: string, indent: number): string =>
  indent === 0 ? code : code.replace(new RegExp(`^ {1,${indent}}`, "gm"), "");
