import { useCallback, useEffect, useRef, useState } from "react";
import { useWriter } from "@/shared/api/session";
import {
  type Draft,
  hasLeftSince,
  joined,
  NEW_CHAT,
  readDraft,
  readWholeDraft,
  writeDraft,
} from "@/shared/drafts";
import { useOutbox } from "@/shared/outbox/use-outbox";
import { strings } from "@/shared/strings";
import { announce } from "@/shared/ui/announcer";
import { uuid7 } from "@/shared/uuid";
import { grow } from "./grow";
import { folded, NOTHING, pasted, unfolded, type Written, wholeOf, without } from "./written";

const SAVE_AFTER = 300;

interface Options {
  chatId: string;
  isNew: boolean;
  /** Resolves when the turn is kept elsewhere. */
  send: (turn: { id: string; content: string }) => Promise<unknown>;
}

/** The text of the box, never above it in state, and the cards before it: a draft until they are kept elsewhere. */
export function useBox({ chatId, isNew, send }: Options) {
  const user = useWriter();
  const outbox = useOutbox();
  const place = isNew ? NEW_CHAT : chatId;
  const [since] = useState(Date.now);
  const home = useRef({ user, place });
  const [initial] = useState(() => readDraft(user, place));
  const box = useRef<HTMLTextAreaElement>(null);
  const [first] = useState(() => folded(initial.text, initial.tail));
  const written = useRef(first);
  const [folds, setFolds] = useState(first.folds);
  /** What stood here before a text was folded or removed, until something else is changed. */
  const [before, setBefore] = useState<Written>();
  // The draft as it was found.
  const found = useRef(initial.text);
  // The last turn that may or may not have reached the server: the same text goes out under the same id.
  const last = useRef<{ id: string; content: string } | null>(
    initial.id ? { id: initial.id, content: initial.text.trim() } : null,
  );
  const sending = useRef(false);
  const isLoading = useRef(initial.isLarge);
  const timer = useRef<number>(undefined);

  const save = useCallback(
    (leaving?: Event) => {
      window.clearTimeout(timer.current);
      if (isLoading.current || hasLeftSince(home.current.user, since)) return;
      const content = joined(
        sending.current && last.current ? last.current.content : "",
        wholeOf(written.current),
      );
      const draft: Draft = { text: content, tail: written.current.text.length };
      if (last.current?.content === content.trim()) draft.id = last.current.id;
      writeDraft(home.current.user, home.current.place, draft, leaving !== undefined);
    },
    [since],
  );

  const write = useCallback((next: Written) => {
    written.current = next;
    setFolds(next.folds);
    setBefore(undefined);
    if (!box.current) return;
    box.current.value = next.text;
    grow(box.current);
  }, []);

  const onInput = (text: string) => {
    written.current = { ...written.current, text };
    setBefore(undefined);
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => save(), SAVE_AFTER);
  };

  const change = (next: Written, undone?: Written) => {
    write(next);
    setBefore(undone);
    save();
    box.current?.focus();
  };
  /** Keeps a large text out of the box, and tells whether it does. */
  const paste = (text: string, { selectionStart, selectionEnd }: HTMLTextAreaElement): boolean => {
    const part = { start: selectionStart, end: selectionEnd };
    const next = pasted(written.current, text, part);
    if (!next) return false;
    change(next, written.current);
    box.current?.setSelectionRange(0, 0);
    announce(strings.composer.folded(text.length));
    return true;
  };
  const unfold = (index: number) => change(unfolded(written.current, index));
  const remove = (index: number) => change(without(written.current, index), written.current);
  const undo = before && (() => change(before));

  /** Gives a text back, in front of what stands there; under the same `id` it may be sent again. */
  const put = useCallback(
    (content: string, id?: string, tail = written.current.text.length) => {
      if (id) last.current = { id, content: content.trim() };
      write(folded(joined(content, wholeOf(written.current)), tail));
      save();
    },
    [save, write],
  );

  const submit = async () => {
    const content = wholeOf(written.current).trim();
    if (!content || sending.current) return;
    const id = last.current?.content === content ? last.current.id : uuid7();
    last.current = { id, content };
    sending.current = true;
    write(NOTHING);
    save();
    await send({ id, content });
    last.current = null;
    sending.current = false;
    save();
  };

  useEffect(() => {
    if (!isLoading.current) return;
    void readWholeDraft(user, place).then((draft) => {
      if (!isLoading.current) return;
      isLoading.current = false;
      const isUntouched = !wholeOf(written.current);
      put(draft.text, draft.id, isUntouched ? draft.tail : undefined);
      if (isUntouched) found.current = draft.text;
    });
  }, [user, place, put]);
  useEffect(() => {
    // The page was left after the text had gone into the outbox, and before the draft was forgotten.
    const forget = () => {
      if (wholeOf(written.current) !== found.current) return unsubscribe();
      if (!outbox.items.some(({ id }) => id === initial.id)) return;
      unsubscribe();
      isLoading.current = false;
      last.current = null;
      write(NOTHING);
      save();
    };
    const unsubscribe = outbox.subscribe(forget);
    forget();
    return unsubscribe;
  }, [outbox, initial, save, write]);
  useEffect(() => {
    // A new chat has got its own address: its draft moves there, and the next new chat starts empty.
    if (home.current.place !== place)
      writeDraft(home.current.user, home.current.place, { text: "" });
    home.current = { user, place };
    save();
    window.addEventListener("pagehide", save);
    return () => {
      window.removeEventListener("pagehide", save);
      save();
    };
  }, [user, place, save]);

  const isRemoved = (before?.folds.length ?? 0) > folds.length;
  return {
    box,
    folds,
    isRemoved,
    onInput,
    paste,
    unfold,
    remove,
    undo,
    submit,
    put,
    initialText: first.text,
  };
}
