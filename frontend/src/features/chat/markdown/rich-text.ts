const UNWANTED = "button, .ct-md-code-head, .ct-md-table-tools, .katex-html";
const KEPT = new Set(["href", "start", "dir", "colspan", "rowspan", "display", "checked", "type"]);

/** What is painted, as HTML for other programs: without our controls, classes and styles. */
export function richTextOf(painted: Element): string {
  const copy = painted.cloneNode(true) as Element;
  for (const element of copy.querySelectorAll(UNWANTED)) element.remove();
  for (const code of copy.querySelectorAll("pre code")) code.replaceChildren(code.textContent);
  for (const element of copy.querySelectorAll("*"))
    for (const { name } of [...element.attributes])
      if (!KEPT.has(name)) element.removeAttribute(name);
  return copy.innerHTML;
}
