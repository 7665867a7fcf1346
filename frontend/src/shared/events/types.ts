import type { ChatEvent, Message } from "@/shared/api/types";

/** Start and end are the server's counts of characters: compared, never computed, by the page. */
export type Span = [start: number, end: number, text: string];

export interface MessageDelta {
  type: "delta";
  id: string;
  /** Left out while it is 0. */
  rev?: number;
  content?: Span;
  reasoning?: Span;
}

/** A snapshot without its text, of which it gives only the lengths: so a frame costs the same for every answer. */
export type LightMessage = Omit<Message, "content" | "reasoning">;

export type MessageSnapshot =
  | { type: "message.created"; message: Message }
  | { type: "message.updated"; message: Message | LightMessage };

export type MessageGone = { type: "message.deleted"; message: Pick<Message, "id" | "chat"> };

export type MessageEvent = MessageDelta | MessageSnapshot | MessageGone;

/** Events are missing here: what is shown has to be fetched. */
export type GapEvent = { type: "gap" };

export type ServerEvent = MessageEvent | ChatEvent | GapEvent;
