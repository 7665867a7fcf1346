/** Where a text stands in an element, whatever elements it runs through; upper and lower case are one. */
export function rangesOf(root: Element, text: string): Range[] {
  const nodes = textNodes(root);
  const whole = nodes.map(({ data }) => lower(data)).join("");
  const wanted = lower(text);
  const ranges: Range[] = [];
  for (
    let at = whole.indexOf(wanted);
    wanted && at >= 0;
    at = whole.indexOf(wanted, at + wanted.length)
  ) {
    const range = document.createRange();
    range.setStart(...placeIn(nodes, at, "start"));
    range.setEnd(...placeIn(nodes, at + wanted.length, "end"));
    ranges.push(range);
  }
  return ranges;
}

/** Lower case, unless that has another length. */
function lower(text: string): string {
  const small = text.toLowerCase();
  return small.length === text.length ? small : text;
}

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
