import { COMPOSER_ID } from "./text-box";

/** Puts the focus into the box that messages are written in. */
export const focusBox = () => document.getElementById(COMPOSER_ID)?.focus();

/** The same unasked: not where that would open the keyboard of a touch screen. */
export const offerBox = () => {
  if (window.matchMedia?.("(pointer: fine)").matches) focusBox();
};
