import type { Message } from "@/shared/api/types";
import type { GapEvent, LightMessage, MessageDelta, MessageEvent, Span } from "./types";

/** What the page knows of one message. */
export interface Live {
  readonly message: Message | undefined;
  /** Deltas that came before the text they extend. */
  readonly pending: readonly Piece[];
  /** A snapshot without text that speaks of more, or other, text than is here. */
  readonly awaited: LightMessage | undefined;
  /** Set by a stop click: deltas are ignored until a settled snapshot comes. */
  readonly muted: boolean;
  /** Events may have been lost since the last snapshot. */
  readonly doubted: boolean;
}

export type LiveState = ReadonlyMap<string, Live>;

interface Piece {
  readonly rev: number;
  readonly field: Field;
  readonly span: Span;
}

type Field = "content" | "reasoning";
type Text = Pick<Message, Field | "content_length" | "reasoning_length">;

const FIELDS: readonly Field[] = ["content", "reasoning"];
const LENGTHS = { content: "content_length", reasoning: "reasoning_length" } as const;
const NO_TEXT: Text = { content: "", reasoning: "", content_length: 0, reasoning_length: 0 };
const UNKNOWN: Live = {
  message: undefined,
  pending: [],
  awaited: undefined,
  muted: false,
  doubted: false,
};

export const isRunning = ({ status }: Pick<Message, "status">): boolean =>
  status === "queued" || status === "streaming";

/** True when something is missing, so that the message has to be fetched. */
export const hasGap = (live: Live | undefined): boolean =>
  live !== undefined && (live.pending.length > 0 || live.awaited !== undefined || live.doubted);

/** Folds one event over a record of messages. */
export function foldEvent(state: LiveState, event: MessageEvent | GapEvent): LiveState {
  if (event.type === "gap") return new Map([...state].map(([id, live]) => [id, foldGap(live)]));
  if (event.type === "message.deleted")
    return new Map([...state].filter(([id]) => id !== event.message.id));
  const id = event.type === "delta" ? event.id : event.message.id;
  const before = state.get(id);
  const after =
    event.type === "delta" ? foldDelta(before, event) : foldSnapshot(before, event.message);
  return after === before ? state : new Map(state).set(id, after);
}

/** Puts a message that may have grown or ended meanwhile in doubt until it is fetched. */
export const foldGap = (live: Live): Live =>
  live.message && isRunning(live.message) ? { ...live, doubted: true } : live;

/** Extends the text by one delta, keeps what is ahead of the text, drops what is already there. */
export function foldDelta(live: Live = UNKNOWN, delta: MessageDelta): Live {
  if (live.muted) return live;
  const pieces = FIELDS.flatMap((field): Piece[] => {
    const span = delta[field];
    return span ? [{ rev: delta.rev ?? 0, field, span }] : [];
  });
  return catchUp(live, pieces.reduce(foldPiece, live));
}

/** Merges a snapshot: an older one changes nothing, a running one never shortens the text. */
export function foldSnapshot(live: Live = UNKNOWN, snapshot: Message | LightMessage): Live {
  return catchUp(
    live,
    "content" in snapshot ? foldFull(live, snapshot) : foldLight(live, snapshot),
  );
}

function foldFull(live: Live, snapshot: Message): Live {
  const known = live.message;
  if (known && isOlder(snapshot, known)) return live;
  const message = known ? merge(known, snapshot) : snapshot;
  const sure = live.doubted ? { ...live, doubted: false } : live;
  return message === known ? sure : show(sure, message);
}

function foldLight(live: Live, light: LightMessage): Live {
  const known = live.message;
  if (known && isOlder(light, known)) return live;
  const text = textOf(known, light);
  if (text) return show(live, { ...light, ...text });
  const newer = !live.awaited || live.awaited.version < light.version;
  return newer ? { ...live, awaited: light } : live;
}

function show(live: Live, message: Message): Live {
  const awaited = live.awaited && live.awaited.version > message.version ? live.awaited : undefined;
  return isRunning(message) ? { ...live, message, awaited } : { ...UNKNOWN, message, awaited };
}

const isOlder = (snapshot: LightMessage, known: Message): boolean =>
  snapshot.version < known.version ||
  snapshot.rev < known.rev ||
  (snapshot.version === known.version && !isRunning(known));

function merge(known: Message, snapshot: Message): Message {
  if (snapshot.rev > known.rev || !isRunning(snapshot)) return snapshot;
  const kept = FIELDS.filter((field) => snapshot[LENGTHS[field]] <= known[LENGTHS[field]]);
  if (kept.length === FIELDS.length && snapshot.version === known.version) return known;
  return kept.reduce(
    (merged, field) => withText(merged, field, known[field], known[LENGTHS[field]]),
    snapshot,
  );
}

/** The text that belongs to a snapshot without one, as far as it is here. */
function textOf(known: Message | undefined, light: LightMessage): Text | undefined {
  const isSame = known?.rev === light.rev;
  if (!isSame) return FIELDS.every((field) => light[LENGTHS[field]] === 0) ? NO_TEXT : undefined;
  const isWhole = FIELDS.every((field) => {
    const [here, there] = [known[LENGTHS[field]], light[LENGTHS[field]]];
    return here === there || (isRunning(light) && here > there);
  });
  if (!isWhole) return undefined;
  const { content, reasoning, content_length, reasoning_length } = known;
  return { content, reasoning, content_length, reasoning_length };
}

const withText = (message: Message, field: Field, text: string, length: number): Message => ({
  ...message,
  [field]: text,
  [LENGTHS[field]]: length,
});

function foldPiece(live: Live, piece: Piece): Live {
  const { message } = live;
  if (!message) return keep(live, piece);
  if (piece.rev < message.rev || !isRunning(message)) return live;
  if (piece.rev > message.rev) return foldPiece(restart(live, message, piece.rev), piece);
  const [start, end, text] = piece.span;
  const length = message[LENGTHS[piece.field]];
  if (end <= length) return live;
  if (start !== length) return keep(live, piece);
  return { ...live, message: withText(message, piece.field, message[piece.field] + text, end) };
}

function restart(live: Live, message: Message, rev: number): Live {
  return { ...live, message: { ...message, ...NO_TEXT, rev } };
}

const keep = (live: Live, piece: Piece): Live => ({ ...live, pending: [...live.pending, piece] });

/** When the message has changed, what had to wait for it gets its turn. */
function catchUp(before: Live, live: Live): Live {
  if (live.message === before.message || !hasGap(live)) return live;
  const { awaited } = live;
  const sorted = live.pending.toSorted((a, b) => a.rev - b.rev || a.span[0] - b.span[0]);
  const drained = sorted.reduce(foldPiece, { ...live, pending: [], awaited: undefined });
  return awaited ? foldLight(drained, awaited) : drained;
}
