import { type KeyboardEvent, useEffect, useRef } from "react";
import { focusBox } from "@/features/chat/composer/focus-box";
import { grow } from "@/features/chat/composer/grow";
import { isSendKey } from "@/features/chat/composer/is-send-key";
import { strings } from "@/shared/strings";
import { Button } from "@/shared/ui/button";
import { isComposing } from "@/shared/ui/composing";

interface Props {
  text: string;
  isBusy: boolean;
  /** Resolves to whether the server has taken the text. */
  onSave: (text: string) => Promise<boolean>;
  onClose: () => void;
  /** Gets what was written if the turn leaves the queue meanwhile. */
  onReturn: (text: string) => void;
}

/** The box to change a waiting turn in. */
export function CardEdit({ text, isBusy, onSave, onClose, onReturn }: Props) {
  const box = useRef<HTMLTextAreaElement>(null);
  const unsaved = useRef("");
  const giveBack = useRef(onReturn);
  useEffect(() => {
    giveBack.current = onReturn;
  });
  useEffect(() => {
    const node = box.current;
    if (!node) return;
    grow(node);
    node.focus();
    node.setSelectionRange(node.value.length, node.value.length);
    return () => {
      if (unsaved.current) giveBack.current(unsaved.current);
    };
  }, []);

  const close = () => {
    unsaved.current = "";
    onClose();
    focusBox();
  };
  const save = async () => {
    const wanted = box.current?.value.trim();
    if (!wanted || isBusy) return;
    unsaved.current = "";
    if (wanted === text || (await onSave(wanted))) return close();
    if (box.current) unsaved.current = box.current.value.trim();
    else giveBack.current(wanted);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (isSendKey(event)) {
      event.preventDefault();
      if (!event.repeat) void save();
    }
    if (event.key !== "Escape" || isComposing(event)) return;
    // Else it would stop the running answer, too.
    event.preventDefault();
    close();
  };
  return (
    <div className="flex flex-col gap-2">
      <textarea
        ref={box}
        rows={1}
        dir="auto"
        aria-label={strings.queue.editLabel}
        defaultValue={text}
        onInput={({ currentTarget }) => {
          grow(currentTarget);
          unsaved.current = currentTarget.value.trim();
        }}
        onKeyDown={onKeyDown}
        className="field-sizing-content block max-h-[20dvh] w-full rounded-block border border-edge bg-raised px-3 py-2 text-16 focus-visible:border-accent focus-visible:outline-none"
      />
      <div className="flex justify-end gap-2">
        <Button onClick={close}>{strings.app.cancel}</Button>
        <Button look="primary" disabled={isBusy} onClick={() => void save()}>
          {strings.queue.save}
        </Button>
      </div>
    </div>
  );
}
