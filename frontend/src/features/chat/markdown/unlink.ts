import type { Link, Nodes, RootContent } from "mdast";
import { walk } from "./parse";

const ADDRESS = /(?:(?:https?:\/\/|www\.)\S*|\S*@\S*)$/i;
const LONGEST_ADDRESS = 500;

/** The address that a text ends in and that may go on, or an empty text. */
export const addressAtEnd = (text: string): string =>
  ADDRESS.exec(text.slice(-LONGEST_ADDRESS))?.[0] ?? "";

/** Takes the link away from an address at the end: a half-written one must not be followed. */
export function unlinkLast(nodes: readonly RootContent[], address: string): void {
  const parents = nodes.flatMap((node) => [...walk(node)]).filter((node) => "children" in node);
  for (const parent of parents.toReversed()) {
    const children: Nodes[] = parent.children;
    const at = children.findLastIndex(
      (child) => child.type === "link" && isLiteral(child, address),
    );
    const link = children[at];
    if (link?.type !== "link") continue;
    children.splice(at, 1, ...link.children);
    return;
  }
}

/** Its text is its address, as one that nobody marked as a link. */
const isLiteral = ({ children: [label], url }: Link, address: string): boolean =>
  label?.type === "text" && address.includes(label.value) && url.endsWith(label.value);
