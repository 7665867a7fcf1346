import { type KeyboardEvent, useEffect } from "react";
import { grow } from "@/features/chat/composer/grow";
import { isSendKey } from "@/features/chat/composer/is-send-key";
import { asApiError } from "@/shared/api/error";
import type { ShownMessage } from "@/shared/api/types";
import { strings } from "@/shared/strings";
import { Button } from "@/shared/ui/button";
import { isComposing } from "@/shared/ui/composing";
import { Notice } from "@/shared/ui/notice";
import { useEdit } from "./use-edit";

interface Props {
  message: ShownMessage;
  onClose: () => void;
}

/** The reader's turn as a box to write another version of it in; the old one stays. */
export function EditBox({ message, onClose }: Props) {
  const { box, initialText, isLoading, error, isSending, submit, cancel, keep } = useEdit(
    message,
    onClose,
  );
  useEffect(() => {
    const node = box.current;
    if (!node || isLoading) return;
    grow(node);
    node.focus({ preventScroll: true });
    node.setSelectionRange(node.value.length, node.value.length);
  }, [box, isLoading]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (isSendKey(event)) {
      event.preventDefault();
      if (!event.repeat) submit();
    }
    if (event.key !== "Escape" || isComposing(event)) return;
    // Else it would stop a running answer, too.
    event.preventDefault();
    cancel();
  };
  return (
    <form
      data-keep
      className="flex w-full flex-col gap-2 pb-4"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <textarea
        ref={box}
        rows={2}
        dir="auto"
        aria-label={strings.message.editLabel}
        aria-invalid={error ? true : undefined}
        defaultValue={initialText}
        readOnly={isLoading}
        onInput={(event) => grow(event.currentTarget)}
        onKeyDown={onKeyDown}
        onBlur={keep}
        className="field-sizing-content block max-h-[60dvh] w-full rounded-round border border-edge bg-raised px-4 py-3 text-16 focus-visible:border-accent focus-visible:outline-none"
      />
      {error && (
        <Notice title={strings.message.editFailed}>
          {asApiError(error).field("content") ?? asApiError(error).message}{" "}
          {strings.composer.failedHint}
        </Notice>
      )}
      <div className="flex justify-end gap-2">
        <Button onClick={cancel}>{strings.app.cancel}</Button>
        <Button type="submit" look="primary" disabled={isSending}>
          {strings.message.editSend}
        </Button>
      </div>
    </form>
  );
}
