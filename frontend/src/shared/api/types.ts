import type { components } from "./schema";

type Schemas = components["schemas"];

export type Chat = Schemas["Chat"];
export type ChatPage = Schemas["ChatPage"];
export type Message = Schemas["Message"];
export type SentMessage = Schemas["SentMessage"];
export type ModelList = Schemas["ModelList"];
export type ApiKey = Schemas["ApiKey"];
export type ApiKeyCreated = Schemas["ApiKeyCreated"];
export type Config = Schemas["Config"];
export type Feature = Schemas["Feature"];
/** Whoever is signed in, as the owner of the chats. */
export type User = Schemas["Owner"];
export type ChatEvent =
  | Schemas["ChatCreatedEvent"]
  | Schemas["ChatUpdatedEvent"]
  | Schemas["ChatDeletedEvent"];

/** A message as the page shows it: the server's, or one on its way there ("sending", version -1). */
export type ShownMessage = Omit<Message, "status"> & { status: Message["status"] | "sending" };

/** One page of the active path, oldest first; `before` and `after` are the ids to ask the neighbours with. */
export type MessagePage = Omit<
  Schemas["MessagePage"],
  "results" | "siblings" | "position" | "length"
> & {
  position?: number;
  length?: number;
  results: ShownMessage[];
  siblings: Readonly<Record<string, readonly string[]>>;
};
