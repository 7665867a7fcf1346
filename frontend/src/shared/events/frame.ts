import type { ChatEvent } from "@/shared/api/types";
import type { MessageEvent, ServerEvent } from "./types";

const KNOWN: ReadonlySet<string> = new Set<ServerEvent["type"]>([
  "message.created",
  "message.updated",
  "delta",
  "message.deleted",
  "chat.created",
  "chat.updated",
  "chat.deleted",
  "gap",
]);

/** The known events of one frame, which is an event or a list; anything else is left out. */
export function readFrame(text: string): ServerEvent[] {
  const frame = parse(text);
  return (Array.isArray(frame) ? frame : [frame]).filter(isEvent);
}

export function isMessageEvent(event: ServerEvent): event is MessageEvent {
  return event.type === "delta" || event.type.startsWith("message.");
}

export function isChatEvent(event: ServerEvent): event is ChatEvent {
  return event.type.startsWith("chat.");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isEvent(value: unknown): value is ServerEvent {
  if (typeof value !== "object" || value === null || !("type" in value)) return false;
  return typeof value.type === "string" && KNOWN.has(value.type);
}
