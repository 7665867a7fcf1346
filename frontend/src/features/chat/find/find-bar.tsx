import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { offerBox } from "@/features/chat/composer/focus-box";
import { strings } from "@/shared/strings";
import { isComposing } from "@/shared/ui/composing";
import { IconButton } from "@/shared/ui/icon-button";
import { ChevronDownIcon, ChevronUpIcon, CloseIcon } from "@/shared/ui/icons";
import { FIND_ID } from "./use-find-key";
import { useHits } from "./use-hits";

/** A message that holds the text, and is to be seen. */
export interface Hit {
  id: string;
  text: string;
}

interface Props {
  chatId: string;
  onHit: (hit: Hit | undefined) => void;
  onClose: () => void;
}

/** Finds a text in the whole chat, also where it is not loaded: Enter goes to older hits, Shift+Enter to newer ones. */
export function FindBar({ chatId, onHit, onClose }: Props) {
  const [text, setText] = useState("");
  const { wanted, hits, at, walk, hasMore, isError, isDone } = useHits(chatId, text);
  const input = useRef<HTMLInputElement>(null);
  const hit = hits[at];
  const id = hit?.id;
  useEffect(() => onHit(id ? { id, text: wanted } : undefined), [id, wanted, onHit]);
  useFocusBack(input);

  const onKeyDown = (event: KeyboardEvent) => {
    if (isComposing(event)) return;
    if (event.key === "Enter" && event.target === input.current) walk(event.shiftKey ? -1 : 1);
    if (event.key !== "Escape") return;
    // Else it would stop a running answer, too.
    event.preventDefault();
    onClose();
  };
  const count = `${hits.length}${hasMore ? "+" : ""}`;
  const words = isError
    ? strings.find.failed
    : hit
      ? strings.find.place(at + 1, count)
      : wanted && isDone && !hasMore && strings.find.nothing;
  return (
    <search className="border-b border-line px-4 py-1" onKeyDown={onKeyDown}>
      <div className="mx-auto flex max-w-measure items-center gap-1">
        <input
          ref={input}
          id={FIND_ID}
          type="text"
          maxLength={200}
          dir="auto"
          enterKeyHint="search"
          autoComplete="off"
          aria-label={strings.find.label}
          placeholder={strings.find.label}
          onChange={(event) => setText(event.target.value)}
          className="-outline-offset-2 h-9 min-w-0 flex-1 rounded-control border border-edge bg-raised px-3 pointer-coarse:h-11 pointer-coarse:text-16"
        />
        <p
          role="status"
          className="min-w-16 whitespace-nowrap text-center text-13 text-soft tabular-nums"
        >
          {words}
          {hit && <span className="sr-only">: {hit.excerpt}</span>}
        </p>
        <IconButton label={strings.find.older} icon={<ChevronUpIcon />} onClick={() => walk(1)} />
        <IconButton
          label={strings.find.newer}
          icon={<ChevronDownIcon />}
          onClick={() => walk(-1)}
        />
        <IconButton label={strings.find.close} icon={<CloseIcon />} onClick={onClose} />
      </div>
    </search>
  );
}

/** Takes the focus, and gives it back to where it was; where a menu had it that has gone, the message box gets it. */
function useFocusBack(input: { current: HTMLInputElement | null }): void {
  useEffect(() => {
    const before = document.activeElement;
    input.current?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected && before !== document.body)
        before.focus({ preventScroll: true });
      else offerBox();
    };
  }, [input]);
}
