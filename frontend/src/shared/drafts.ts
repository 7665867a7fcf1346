import { del, delMany, get, keys, set } from "idb-keyval";

/** Unsent text; `id` is set when a send of exactly this text may already have reached the server. */
export interface Draft {
  text: string;
  id?: string;
  /** How many characters at its end stand in the box, where the rest is a card. */
  tail?: number;
  /** The text has to be waited for. */
  isLarge?: boolean;
}

/** Longer texts, in characters, are not for the storage that holds up the page. */
const LARGE = 100_000;

// In quotes, so that nobody's name, which a host chooses, is the beginning of another's.
const prefix = (user: string) => `chattable.draft.${JSON.stringify(user)}.`;
const leftKey = (user: string) => `chattable.left.${user}`;

/** The place of a chat that does not exist yet. */
export const NEW_CHAT = "new";

export function readDraft(user: string, chat: string): Draft {
  try {
    const draft: Draft | null = JSON.parse(localStorage.getItem(prefix(user) + chat) ?? "null");
    return typeof draft?.text === "string" ? draft : { text: "" };
  } catch {
    return { text: "" };
  }
}

/** The draft with its text, however long that is. */
export async function readWholeDraft(user: string, chat: string): Promise<Draft> {
  const draft = readDraft(user, chat);
  if (!draft.isLarge) return draft;
  return (await get<Draft>(prefix(user) + chat).catch(() => undefined)) ?? { text: "" };
}

/** Keeps a draft across reloads; an empty one is forgotten. A page that `isLeaving` cannot wait for a large one. */
export function writeDraft(user: string, chat: string, draft: Draft, isLeaving = false): void {
  const key = prefix(user) + chat;
  const isLarge = draft.text.length > LARGE && !isLeaving;
  const ignore = () => {
    // Storage is full or forbidden: the text is still in the box.
  };
  if (isLarge) set(key, draft).catch(ignore);
  else if (readDraft(user, chat).isLarge) del(key).catch(ignore);
  try {
    if (draft.text)
      localStorage.setItem(key, JSON.stringify(isLarge ? { ...draft, text: "", isLarge } : draft));
    else localStorage.removeItem(key);
  } catch {
    ignore();
  }
}

/** Puts a text that was to be sent in front of what stands in the chat's box, which is not open. */
export async function returnToDraft(
  user: string,
  { id, chat, content, title }: { id: string; chat: string; content: string; title?: string },
): Promise<void> {
  const place = title === undefined ? chat : NEW_CHAT;
  const { text } = await readWholeDraft(user, place);
  if (text !== content)
    writeDraft(user, place, text ? { text: joined(content, text) } : { text: content, id });
}

export const joined = (...parts: string[]) => parts.filter(Boolean).join("\n\n");

/** Forgets every draft of a user, as when they log out. */
export async function clearDrafts(user: string): Promise<void> {
  const isTheirs = (key: unknown) => String(key).startsWith(prefix(user));
  for (const key of Object.keys(localStorage).filter(isTheirs)) localStorage.removeItem(key);
  localStorage.setItem(leftKey(user), String(Date.now()));
  await keys().then(
    (all) => delMany(all.filter(isTheirs)),
    () => {},
  );
}

/** Whether the user has logged out, in any tab, after that time: then nothing of theirs is to be kept. */
export const hasLeftSince = (user: string, time: number): boolean =>
  Number(localStorage.getItem(leftKey(user))) > time;
