import { defaultRangeExtractor, type Range } from "@tanstack/react-virtual";

/** The rows to mount: those around the view, and those that hold the focus, an end of the selection or an editor. */
export function rowsToMount(list: HTMLElement | null, range: Range): number[] {
  const rows = defaultRangeExtractor(range);
  const selection = document.getSelection();
  const nodes = [
    document.activeElement,
    ...(list?.querySelectorAll("[data-keep]") ?? []),
    ...(selection?.isCollapsed ? [] : [selection?.anchorNode, selection?.focusNode]),
  ];
  const pinned = nodes
    .flatMap((node) => rowOf(list, node) ?? [])
    .filter((index) => index < range.count);
  if (pinned.length === 0) return rows;
  return [...new Set([...rows, ...pinned])].sort((a, b) => a - b);
}

function rowOf(list: HTMLElement | null, node: Node | null | undefined): number | undefined {
  if (!list || !node || !list.contains(node)) return undefined;
  const element = node instanceof Element ? node : node.parentElement;
  const index = element?.closest("[data-index]")?.getAttribute("data-index");
  return index === null || index === undefined ? undefined : Number(index);
}
