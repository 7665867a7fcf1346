import type { KeyboardEvent } from "react";

const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };

/** Up and down move the focus from row to row. */
export function walkRows(event: KeyboardEvent<HTMLElement>): void {
  const step = steps[event.key];
  if (!step) return;
  event.preventDefault();
  const rows = event.currentTarget.closest("nav")?.querySelectorAll<HTMLElement>("a[data-chat]");
  const all = [...(rows ?? [])];
  all[all.indexOf(event.currentTarget) + step]?.focus();
}
