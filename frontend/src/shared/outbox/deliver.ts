import type { QueryClient } from "@tanstack/react-query";
import { applyChatEvent, createChat } from "@/shared/api/chats";
import { beginPath, sendMessage } from "@/shared/api/messages";
import { placeSent } from "@/shared/api/path";
import type { SentMessage } from "@/shared/api/types";
import type { Outgoing } from "./outbox";

interface Options {
  signal: AbortSignal;
  onMade: () => Promise<unknown>;
}

/** Brings a turn to the server, with its chat where that is new, and both to whatever shows them. */
export async function deliver(
  client: QueryClient,
  { id, chat, content, model, parent, title }: Outgoing,
  { signal, onMade }: Options,
): Promise<SentMessage> {
  if (title !== undefined) {
    const made = await createChat({ id: chat, model, title }, signal);
    beginPath(client, chat);
    await onMade();
    applyChatEvent(client, { type: "chat.created", chat: made });
  }
  const sent = await sendMessage(chat, { id, content, model, parent }, signal);
  placeSent(client, chat, sent);
  return sent;
}
