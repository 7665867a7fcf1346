import { COMPOSER_ID } from "./text-box";

/** Puts a text into the box, for the reader to edit and send. */
export function fillBox(text: string): void {
  const box = document.getElementById(COMPOSER_ID);
  if (!(box instanceof HTMLTextAreaElement)) return;
  box.value = text;
  box.dispatchEvent(new Event("input", { bubbles: true }));
  box.focus();
}

/** Adds a text as a quotation below what is in the box, with the caret after it. */
export function quoteInBox(text: string): void {
  const box = document.getElementById(COMPOSER_ID);
  if (!(box instanceof HTMLTextAreaElement)) return;
  const quotation = text
    .split("\n")
    .map((line) => `> ${line}`.trimEnd())
    .join("\n");
  const draft = box.value.trimEnd();
  fillBox(`${draft && `${draft}\n\n`}${quotation}\n\n`);
  box.setSelectionRange(box.value.length, box.value.length);
  box.scrollTop = box.scrollHeight;
}
