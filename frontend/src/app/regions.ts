/** Moves the focus to the next part of the page, or the one before: the list of chats, the transcript, the box. */
export function walkRegions(by: -1 | 1): void {
  const regions = [...document.querySelectorAll<HTMLElement>("[data-region]")].filter(
    (region) => region.checkVisibility?.() ?? true,
  );
  const at = regions.findIndex((region) => region.contains(document.activeElement));
  const from = at < 0 && by < 0 ? 0 : at;
  const next = regions[(from + by + regions.length) % regions.length];
  if (next) targetIn(next)?.focus();
}

/** What is current in it, the first turn that is in view, or else its first control. */
function targetIn(region: HTMLElement): HTMLElement | null {
  const top = region.getBoundingClientRect().top;
  const turns = [...region.querySelectorAll<HTMLElement>("[data-turn]")];
  const seen = turns.find((turn) => turn.getBoundingClientRect().bottom > top);
  const places = ["[aria-current=page]", "textarea", "a, button"];
  return (
    seen ?? places.map((place) => region.querySelector<HTMLElement>(place)).find(Boolean) ?? null
  );
}
