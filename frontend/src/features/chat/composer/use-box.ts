import { useCallback, useEffect, useRef, useState } from "react";
import { useUser } from "@/shared/api/session";
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
import { uuid7 } from "@/shared/uuid";
import { grow } from "./grow";

const SAVE_AFTER = 300;

interface Options {
  chatId: string;
  isNew: boolean;
  /** Resolves when the turn is kept elsewhere. */
  send: (turn: { id: string; content: string }) => Promise<unknown>;
}

/** The text of the box: never above it in state, and kept as a draft until it is kept elsewhere. */
export function useBox({ chatId, isNew, send }: Options) {
  const user = useUser()?.id ?? "";
  const outbox = useOutbox();
  const place = isNew ? NEW_CHAT : chatId;
  const [since] = useState(Date.now);
  const home = useRef({ user, place });
  const [initial] = useState(() => readDraft(user, place));
  const box = useRef<HTMLTextAreaElement>(null);
  const text = useRef(initial.text);
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
        text.current,
      );
      const draft: Draft = { text: content };
      if (last.current?.content === content.trim()) draft.id = last.current.id;
      writeDraft(home.current.user, home.current.place, draft, leaving !== undefined);
    },
    [since],
  );

  const setText = useCallback((value: string) => {
    text.current = value;
    if (!box.current) return;
    box.current.value = value;
    grow(box.current);
  }, []);

  const onInput = (value: string) => {
    text.current = value;
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => save(), SAVE_AFTER);
  };

  /** Gives a text back, in front of what stands there; under the same `id` it may be sent again. */
  const put = useCallback(
    (content: string, id?: string) => {
      if (id) last.current = { id, content };
      setText(joined(content, text.current));
      save();
    },
    [save, setText],
  );

  const submit = async () => {
    const content = text.current.trim();
    if (!content || sending.current) return;
    const id = last.current?.content === content ? last.current.id : uuid7();
    last.current = { id, content };
    sending.current = true;
    setText("");
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
      put(draft.text, draft.id);
    });
  }, [user, place, put]);
  useEffect(() => {
    // The page was left after the text had gone into the outbox, and before the draft was forgotten.
    const forget = () => {
      if (text.current !== initial.text) return unsubscribe();
      if (!outbox.items.some(({ id }) => id === initial.id)) return;
      unsubscribe();
      last.current = null;
      setText("");
      save();
    };
    const unsubscribe = outbox.subscribe(forget);
    forget();
    return unsubscribe;
  }, [outbox, initial, save, setText]);
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

  return { box, initialText: initial.text, onInput, submit, put };
}
