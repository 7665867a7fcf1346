import { closeInline } from "./inline";

/** What stands before a line's own text: quotes and list marks. */
const PREFIX = /^(?:[ \t]*(?:>|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t])))*[ \t]*/;
/** A line of nothing but marks says nothing yet. */
const MARKS_ONLY = /^(?:[-*+_=>~`|]+|\d{1,3}[.)]?|#{1,6}|\[[ xX]?\]?|(?:`{3,}|~{3,})[^`]*)[ \t]*$/;
const FENCE_LINE =
  /^(?:[ \t]*(?:>|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t])))*[ \t]*(?:`{3,}[^`\n]*|~{3,}[^\n]*)$/gm;
const BLOCK_START = /^[ \t]*(?:>|#{1,6}[ \t]|[-*+][ \t]|\d{1,9}[.)][ \t])/;
const DELIMITERS = /^[ \t]*[|:-][ \t|:-]*$/;

/** Closes or hides what is half-written at the end of a growing text; for display only. */
export function mend(text: string, isTable: boolean): string {
  const at = text.lastIndexOf("\n") + 1;
  const line = text.slice(at);
  const fences = text.slice(0, at).match(FENCE_LINE)?.length ?? 0;
  if (fences % 2 === 1) return /^[ \t>]*[`~]+[ \t]*$/.test(line) ? text.slice(0, at) : text;
  if (isTable) return text.slice(0, at) + mendRow(line);
  const table = mendTable(text, at);
  if (table !== undefined) return table;
  const rest = line.replace(PREFIX, "");
  if (rest.trim() === "" || MARKS_ONLY.test(rest)) return mendInline(text.slice(0, at).trimEnd());
  return mendInline(text);
}

function mendInline(text: string): string {
  const from = runStart(text);
  return text.slice(0, from) + closeInline(text.slice(from));
}

/** Where the last run of inline text starts: markers do not reach beyond it. */
function runStart(text: string): number {
  let end = text.length;
  for (;;) {
    const at = text.lastIndexOf("\n", end - 1) + 1;
    const line = text.slice(at, end);
    if (line.trim() === "") return Math.min(end + 1, text.length);
    if (BLOCK_START.test(line))
      return (
        at +
        (/^(?:[ \t]*(?:>|#{1,6}(?=[ \t])|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t])))*[ \t]*(?:\[[ xX]\][ \t])?/.exec(
          line,
        )?.[0].length ?? 0)
      );
    if (at === 0) return 0;
    end = at - 1;
  }
}

function mendRow(line: string): string {
  if (/^[ \t]*\|?[ \t]*$/.test(line)) return "";
  const cell = line.replaceAll("\\|", "  ").lastIndexOf("|") + 1;
  return line.slice(0, cell) + closeInline(line.slice(cell));
}

/** A table shows as a table from its header on, and not before the header is whole. */
function mendTable(text: string, at: number): string | undefined {
  const line = text.slice(at);
  const before = text.slice(0, at).replace(/\n$/, "");
  const header = before.slice(before.lastIndexOf("\n") + 1);
  const isFirst = at === 0 || header.trim() === "";
  if (isFirst) return line.trimStart().startsWith("|") ? text.slice(0, at) : undefined;
  const isHeader = header.includes("|") && !DELIMITERS.test(header);
  const mayFollow =
    DELIMITERS.test(line) || (line.trim() === "" && header.trimStart().startsWith("|"));
  if (!isHeader || !mayFollow || !isAlone(before)) return undefined;
  return `${before}\n${"|---".repeat(cellsIn(header))}|`;
}

/** The line has none of its own paragraph before it. */
function isAlone(text: string): boolean {
  const above = text.slice(0, text.lastIndexOf("\n") + 1).replace(/\n$/, "");
  return above.slice(above.lastIndexOf("\n") + 1).trim() === "";
}

const cellsIn = (row: string): number =>
  row.trim().replaceAll("\\|", "").replace(/^\|/, "").replace(/\|$/, "").split("|").length;
