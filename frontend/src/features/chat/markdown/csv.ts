/** What a spreadsheet would take for a formula; a number with its sign is none. */
const FORMULA = /^(?:[=@\t]|[+-](?![\d.,]))/;

/** The rows of a table as CSV; nothing in it runs where it is opened. */
export const csvOf = (table: Element): string =>
  [...table.querySelectorAll("tr")]
    .map((row) => [...row.cells].map(({ textContent }) => cellOf(textContent.trim())).join(","))
    .join("\r\n");

function cellOf(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
