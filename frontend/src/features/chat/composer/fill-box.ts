import { COMPOSER_ID } from "./text-box";

/** Puts a text into the box, for the reader to edit and send. */
export function fillBox(text: string): void {
  const box = document.getElementById(COMPOSER_ID);
  if (!(box instanceof HTMLTextAreaElement)) return;
  box.value = text;
  box.dispatchEvent(new Event("input", { bubbles: true }));
  box.focus();
}
