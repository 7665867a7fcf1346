const native = typeof CSS !== "undefined" && CSS.supports?.("field-sizing", "content");

/** From this length on, in characters, breaking the lines of a text holds up the page. */
const LARGE = 50_000;

/** Gives the box the height of its text; one that holds a large text stays as it is and breaks no lines. */
export function grow(box: HTMLTextAreaElement): void {
  const isLarge = box.value.length > LARGE;
  box.toggleAttribute("data-large", isLarge);
  if (native) return;
  box.style.height = "auto";
  if (!isLarge) box.style.height = `${box.scrollHeight}px`;
}
