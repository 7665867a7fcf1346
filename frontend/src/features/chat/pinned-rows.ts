import { defaultRangeExtractor, type Range } from "@tanstack/react-virtual";

/** What keeps its row mounted: an editor, and the button of an open menu. */
const KEEPERS = "[data-keep], [data-state=open]";

/** The rows to mount: those around the view, and those that hold the focus, an end of the selection or a keeper. */
export function rowsToMount(
  list: HTMLElement | null,
  range: Range,
  indexOf: (message: string) => number,
): number[] {
  const rows = defaultRangeExtractor(range);
  const selection = document.getSelection();
  const nodes = [
    document.activeElement,
    ...(list?.querySelectorAll(KEEPERS) ?? []),
    ...(selection?.isCollapsed ? [] : [selection?.anchorNode, selection?.focusNode]),
  ];
  const pinned = nodes
    .flatMap((node) => messageIn(list, node) ?? [])
    // By message: what comes in above moves every index, and the document still holds the old ones.
    .map(indexOf)
    .filter((index) => index >= 0);
  if (pinned.length === 0) return rows;
  return [...new Set([...rows, ...pinned])].sort((a, b) => a - b);
}

function messageIn(list: HTMLElement | null, node: Node | null | undefined): string | undefined {
  if (!list || !node || !list.contains(node)) return undefined;
  const element = node instanceof Element ? node : node.parentElement;
  return element?.closest("[data-message]")?.getAttribute("data-message") ?? undefined;
}
