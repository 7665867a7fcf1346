import { type KeyboardEvent, type RefObject, useEffect } from "react";
import { strings } from "@/shared/strings";
import { grow } from "./grow";

interface Props {
  ref: RefObject<HTMLTextAreaElement | null>;
  defaultValue: string;
  onInput: (value: string) => void;
  /** Tells whether the text that is pasted stays out of the box. */
  onPaste: (text: string, box: HTMLTextAreaElement) => boolean;
  onKeyDown: (event: KeyboardEvent) => void;
}

/** The element that the skip link leads to. */
export const COMPOSER_ID = "message-box";

export function TextBox({ ref, defaultValue, onInput, onPaste, onKeyDown }: Props) {
  useEffect(() => {
    if (ref.current) grow(ref.current);
    // On touch screens focus would open the keyboard unasked.
    if (window.matchMedia?.("(pointer: fine)").matches) ref.current?.focus();
  }, [ref]);
  return (
    <textarea
      ref={ref}
      id={COMPOSER_ID}
      rows={1}
      dir="auto"
      enterKeyHint="send"
      aria-label={strings.composer.label}
      placeholder={strings.composer.placeholder}
      defaultValue={defaultValue}
      onInput={(event) => {
        grow(event.currentTarget);
        onInput(event.currentTarget.value);
      }}
      onPaste={(event) => {
        const text = event.clipboardData.getData("text/plain");
        if (onPaste(text, event.currentTarget)) event.preventDefault();
      }}
      onKeyDown={onKeyDown}
      className="field-sizing-content data-large:field-sizing-fixed data-large:h-[40dvh] data-large:whitespace-pre block max-h-[40dvh] min-h-9 w-full px-3 py-1 text-16 outline-none"
    />
  );
}
