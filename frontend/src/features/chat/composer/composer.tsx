import { type KeyboardEvent, useEffect, useState } from "react";
import { Queue } from "@/features/chat/queue/queue";
import type { ApiError } from "@/shared/api/error";
import type { ShownMessage } from "@/shared/api/types";
import { useOutbox } from "@/shared/outbox/use-outbox";
import { strings } from "@/shared/strings";
import { Button } from "@/shared/ui/button";
import { isComposing } from "@/shared/ui/composing";
import { IconButton } from "@/shared/ui/icon-button";
import { SendIcon } from "@/shared/ui/icons";
import { Notice } from "@/shared/ui/notice";
import { Folds } from "./folds";
import { isSendKey } from "./is-send-key";
import { LengthLine } from "./length-line";
import { Line } from "./line";
import { ModelPicker } from "./model-picker";
import { SendButton } from "./send-button";
import { TextBox } from "./text-box";
import { useBox } from "./use-box";
import { useModel } from "./use-model";
import { useSend } from "./use-send";

export interface ComposerProps {
  /** The chat that is written to; for a new chat the id it will get. */
  chatId: string;
  /** The chat does not exist on the server yet: the first send makes it and moves to its address. */
  isNew: boolean;
  /** An answer of this chat runs now: stop takes the place of send. */
  running: boolean;
  /** The turns that wait for that answer, with theirs. */
  waiting: readonly ShownMessage[];
  /** Called by the stop button and by Esc while an answer runs. */
  onStop: () => void;
  /** Called as the reader's turn is put on the page, before the server has it. */
  onSend?: () => void;
}

/** The box that messages are written in. Keep it mounted under a key of the chat's id. */
export function Composer({ chatId, isNew, running, waiting, onStop, onSend }: ComposerProps) {
  const picker = useModel({ chatId, isNew });
  const sendTurn = useSend({ chatId, isNew });
  const [line, setLine] = useState("");
  const [error, setError] = useState<ApiError>();
  const send = (turn: { id: string; content: string }) => {
    const kept = sendTurn({ ...turn, model: picker.model });
    onSend?.();
    setLine("");
    setError(undefined);
    return kept;
  };
  const { box, folds, submit, put, undo, ...written } = useBox({ chatId, isNew, send });
  const outbox = useOutbox();
  useEffect(
    () =>
      outbox.listen(chatId, {
        onSent: ({ branched }) => branched && setLine(strings.composer.branched),
        onRefused: ({ id, content }, refusal) => {
          setError(refusal);
          put(content, refusal.code === "id_conflict" ? undefined : id);
        },
      }),
    [outbox, chatId, put],
  );
  useEscape(running, onStop);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowUp" && folds.length === 0 && !box.current?.value)
      return editLast(event);
    if (undo && isUndoKey(event)) {
      event.preventDefault();
      return undo();
    }
    if (!isSendKey(event)) return;
    event.preventDefault();
    // A key held down repeats; only the first one is meant.
    if (!event.repeat) void submit();
  };

  return (
    <form
      className="mx-auto flex w-full max-w-measure flex-col gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      {error && (
        <Notice
          title={strings.composer.failed}
          action={<Button onClick={() => void submit()}>{strings.app.retry}</Button>}
        >
          {error.field("content") ?? error.message} {strings.composer.failedHint}
        </Notice>
      )}
      {line && <Line>{line}</Line>}
      {written.isRemoved && (
        <Line>
          {strings.composer.foldRemoved}{" "}
          <button
            type="button"
            className="text-accent underline pointer-coarse:min-h-11"
            onClick={undo}
          >
            {strings.composer.undo}
          </button>
        </Line>
      )}
      <LengthLine folds={folds} />
      <div>
        <Queue waiting={waiting} onReturn={put} onProblem={setLine} />
        <div
          data-folds={folds.length > 0 || undefined}
          className="group/box rounded-round border border-edge bg-raised p-2 has-[textarea:focus-visible]:border-accent"
        >
          <Folds folds={folds} onUnfold={written.unfold} onRemove={written.remove} />
          <TextBox
            ref={box}
            defaultValue={written.initialText}
            onPaste={written.paste}
            onInput={(value) => {
              written.onInput(value);
              if (!value) setError(undefined);
            }}
            onKeyDown={onKeyDown}
          />
          <div className="flex items-center justify-end gap-1">
            <ModelPicker {...picker} onChoose={picker.choose} />
            {running && (
              <IconButton
                type="submit"
                label={strings.queue.send}
                icon={<SendIcon />}
                className="group-not-data-folds/box:group-has-[textarea:placeholder-shown]/box:hidden"
              />
            )}
            <SendButton running={running} onStop={onStop} />
          </div>
        </div>
      </div>
    </form>
  );
}

const isUndoKey = ({ key, ctrlKey, metaKey, shiftKey, altKey }: KeyboardEvent) =>
  key === "z" && (ctrlKey || metaKey) && !shiftKey && !altKey;

/** Up in an empty box presses the edit button of the last question that is mounted: none while that is on its way. */
function editLast(event: KeyboardEvent): void {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const last = [...document.querySelectorAll<HTMLElement>("[data-edit]")].at(-1);
  if (!last) return;
  event.preventDefault();
  last.click();
}

/** Esc stops, unless it closed something, is still held down from that, or belongs to an input method. */
function useEscape(active: boolean, onEscape: () => void): void {
  useEffect(() => {
    if (!active) return;
    const onKeyDown = (event: globalThis.KeyboardEvent) => {
      if (event.key !== "Escape" || event.repeat || event.defaultPrevented) return;
      if (!isComposing(event)) onEscape();
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [active, onEscape]);
}
