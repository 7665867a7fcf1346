interface Key {
  isComposing?: boolean;
  keyCode: number;
  nativeEvent?: { isComposing: boolean };
}

/** Whether a key belongs to an input method; Safari reports its last one after the end, with key code 229. */
export const isComposing = (event: Key): boolean =>
  event.keyCode === 229 || (event.nativeEvent?.isComposing ?? event.isComposing ?? false);
