const native = typeof CSS !== "undefined" && CSS.supports?.("field-sizing", "content");

/** Gives the box the height of its text, for browsers that cannot do it by themselves. */
export function grow(box: HTMLTextAreaElement): void {
  if (native) return;
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight}px`;
}
