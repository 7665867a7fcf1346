import { COMPOSER_ID } from "./text-box";

/** Puts the focus into the box that messages are written in. */
export const focusBox = () => document.getElementById(COMPOSER_ID)?.focus();
