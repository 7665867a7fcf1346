import { useCallback, useEffect, useRef, useState } from "react";
import { asApiError } from "@/shared/api/error";
import { useUser } from "@/shared/api/session";
import { type Draft, NEW_CHAT, readDraft, writeDraft } from "@/shared/drafts";
import { uuid7 } from "@/shared/uuid";
import { grow } from "./grow";

const SAVE_AFTER = 300;

interface Options {
  chatId: string;
  isNew: boolean;
  /** Rejects when the turn did not reach the server. */
  send: (turn: { id: string; content: string }) => Promise<unknown>;
}

const joined = (...parts: string[]) => parts.filter(Boolean).join("\n\n");

/** The text of the box: never above it in state, kept as a draft, given back whenever a send fails. */
export function useBox({ chatId, isNew, send }: Options) {
  const user = useUser()?.id ?? "";
  const place = isNew ? NEW_CHAT : chatId;
  const home = useRef({ user, place });
  const [initial] = useState(() => readDraft(user, place));
  const box = useRef<HTMLTextAreaElement>(null);
  const text = useRef(initial.text);
  // The last turn that may or may not have reached the server: the same text goes out under the same id.
  const last = useRef<{ id: string; content: string } | null>(
    initial.id ? { id: initial.id, content: initial.text.trim() } : null,
  );
  const sending = useRef(false);
  const timer = useRef<number>(undefined);

  const save = useCallback(() => {
    window.clearTimeout(timer.current);
    const content = joined(
      sending.current && last.current ? last.current.content : "",
      text.current,
    );
    const draft: Draft = { text: content };
    if (last.current?.content === content.trim()) draft.id = last.current.id;
    writeDraft(home.current.user, home.current.place, draft);
  }, []);

  const setText = (value: string) => {
    text.current = value;
    if (!box.current) return;
    box.current.value = value;
    grow(box.current);
  };

  const onInput = (value: string) => {
    text.current = value;
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(save, SAVE_AFTER);
  };

  /** Gives a text back, in front of what stands there. */
  const put = (given: string) => {
    setText(joined(given, text.current));
    save();
  };

  const submit = async () => {
    const content = text.current.trim();
    if (!content || sending.current) return;
    const id = last.current?.content === content ? last.current.id : uuid7();
    last.current = { id, content };
    sending.current = true;
    setText("");
    save();
    try {
      await send({ id, content });
      last.current = null;
    } catch (thrown) {
      if (asApiError(thrown).code === "id_conflict") last.current = null;
      setText(joined(content, text.current));
    } finally {
      sending.current = false;
      save();
    }
  };

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
