/** Unsent text; `id` is set when a send of exactly this text may already have reached the server. */
export interface Draft {
  text: string;
  id?: string;
}

const prefix = (user: string) => `chattable.draft.${user}.`;

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

/** Keeps a draft across reloads; an empty one is forgotten. */
export function writeDraft(user: string, chat: string, draft: Draft): void {
  try {
    if (draft.text) localStorage.setItem(prefix(user) + chat, JSON.stringify(draft));
    else localStorage.removeItem(prefix(user) + chat);
  } catch {
    // Storage is full or forbidden: the text is still in the box.
  }
}

/** Forgets every draft of a user, as when they log out. */
export function clearDrafts(user: string): void {
  const keys = Object.keys(localStorage).filter((key) => key.startsWith(prefix(user)));
  for (const key of keys) localStorage.removeItem(key);
}
