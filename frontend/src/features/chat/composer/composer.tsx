export interface ComposerProps {
  /** The chat that is written to; for a new chat the id it will get. */
  chatId: string;
  /** The chat does not exist on the server yet: the first send makes it and moves to its address. */
  isNew: boolean;
  /** An answer of this chat runs now: stop takes the place of send. */
  running: boolean;
  /** Called by the stop button and by Esc while an answer runs. */
  onStop: () => void;
  /** Called as the reader's turn is put on the page, before the server has it. */
  onSend?: () => void;
}

/** The box that messages are written in. */
export function Composer(_props: ComposerProps) {
  return null;
}
