/** Where a text stands in an element, whatever elements and lines it runs through; upper and lower case are one. */
export function rangesOf(root: Element, text: string): Range[] {
  const words = text.trim().split(/\s+/).map(literally);
  if (!words[0]) return [];
  const nodes = textNodes(root);
  const whole = nodes.map(({ data }) => data).join("");
  // Between two blocks no space stands in the document.
  return [...whole.matchAll(new RegExp(words.join("\\s*"), "giu"))].map(({ index, 0: found }) => {
    const range = document.createRange();
    range.setStart(...placeIn(nodes, index, "start"));
    range.setEnd(...placeIn(nodes, index + found.length, "end"));
    return range;
  });
}

const literally = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

function textNodes(root: Element): Text[] {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const nodes: Text[] = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode())
    if (node instanceof Text && !node.parentElement?.closest("button, summary, .sr-only"))
      nodes.push(node);
  return nodes;
}

function placeIn(nodes: Text[], offset: number, side: "start" | "end"): [Text, number] {
  let left = offset;
  for (const node of nodes) {
    if (side === "start" ? left < node.length : left <= node.length) return [node, left];
    left -= node.length;
  }
  throw new RangeError("The place lies behind the end.");
}
