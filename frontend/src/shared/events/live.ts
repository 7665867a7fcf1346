import type { Message, ShownMessage } from "@/shared/api/types";
import { foldDelta, foldGap, foldSnapshot, hasGap, isRunning, type Live } from "./fold";
import { Painter } from "./painter";
import { Repair } from "./repair";
import type { LightMessage, MessageDelta, MessageEvent } from "./types";

const SETTLED_KEPT = 500;
const NONE: readonly string[] = [];

export interface LiveListener {
  /** A message that this page had not seen before. */
  onAppear?: (message: Message) => void;
  /** A running message that came to its end. */
  onSettle?: (message: Message) => void;
  /** A message that was not running is another one now. */
  onChange?: (message: Message) => void;
  /** A message that is on the server no more. */
  onGone?: (message: Pick<Message, "id" | "chat">) => void;
}

interface Options {
  fetchMessage: (id: string) => Promise<Message | null>;
}

/** Growing messages: folded on arrival, painted once per frame, repaired when something is lost. */
export class LiveStore {
  readonly #state = new Map<string, Live>();
  readonly #painted = new Map<string, Message>();
  readonly #rows = new Map<string, Set<() => void>>();
  readonly #running = new Map<string, readonly string[]>();
  readonly #chats = new Map<string, Set<() => void>>();
  readonly #listeners = new Set<LiveListener>();
  readonly #painter = new Painter((ids) => ids.forEach(this.#paint));
  readonly #repair: Repair;

  constructor({ fetchMessage }: Options) {
    this.#repair = new Repair({
      fetchMessage,
      onMessage: (id, message) => (message ? this.#merge(message) : this.#lose(id)),
      hasGap: (id) => hasGap(this.#state.get(id)),
    });
  }

  /** Follows the page's visibility until the returned function is called. */
  open(): () => void {
    const unlisten = this.#painter.listen();
    return () => {
      unlisten();
      this.#repair.close();
    };
  }

  receive(events: readonly MessageEvent[]): void {
    for (const event of events) {
      if (event.type === "delta") this.#grow(event);
      else if (event.type === "message.deleted") this.#drop(event.message);
      else this.#merge(event.message);
    }
  }

  /** Takes in what the server has answered; gives back the newer of the answer and what is known. */
  reconcile(messages: readonly ShownMessage[]): ShownMessage[] {
    return messages.map((message) => {
      if (!isSent(message)) return message;
      if (isRunning(message) || this.#state.has(message.id)) this.#merge(message, false);
      return this.#state.get(message.id)?.message ?? message;
    });
  }

  /** After a stop click: no more text until the settled snapshot. */
  mute(id: string): void {
    const live = this.#state.get(id);
    if (live?.message && isRunning(live.message)) this.#state.set(id, { ...live, muted: true });
  }

  /** The stop did not reach the server: deltas count again. */
  unmute(id: string): void {
    const live = this.#state.get(id);
    if (live) this.#state.set(id, { ...live, muted: false });
    void this.#repair.fetch(id);
  }

  /** Events were lost: fetches every running message. */
  gap(): void {
    for (const [id, live] of this.#state) {
      const after = foldGap(live);
      if (after !== live) this.#put(id, after);
    }
  }

  forgetChat(chat: string): void {
    for (const [id, live] of this.#state) if (live.message?.chat === chat) this.#forget(id);
  }

  clear(): void {
    for (const id of [...this.#state.keys()]) this.#forget(id);
  }

  message(id: string): Message | undefined {
    return this.#painted.get(id);
  }

  running(chat: string): readonly string[] {
    return this.#running.get(chat) ?? NONE;
  }

  listen(listener: LiveListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  subscribeMessage(id: string, wake: () => void): () => void {
    return subscribe(this.#rows, id, wake);
  }

  subscribeRunning(chat: string, wake: () => void): () => void {
    return subscribe(this.#chats, chat, wake);
  }

  #grow(delta: MessageDelta): void {
    const before = this.#state.get(delta.id);
    const after = foldDelta(before, delta);
    if (before?.message && isRunning(before.message)) this.#repair.heard(delta.id);
    if (after !== before) this.#put(delta.id, after);
    if (after.message !== before?.message) this.#painter.touch(delta.id);
  }

  #merge(message: Message | LightMessage, mayAppear = true): void {
    const { id } = message;
    const before = this.#state.get(id);
    const after = foldSnapshot(before, message);
    if (after === before) return;
    if (after.message !== before?.message) this.#repair.advanced(id);
    this.#put(id, after);
    if (!after.message || after.message === before?.message) return;
    if (before?.message) this.#painter.touch(id);
    else this.#paint(id);
    this.#track(before?.message, after.message, mayAppear);
  }

  #put(id: string, live: Live): void {
    this.#state.set(id, live);
    if (hasGap(live)) this.#repair.gap(id);
    else this.#repair.advanced(id);
  }

  #track(before: Message | undefined, after: Message, mayAppear: boolean): void {
    if (isRunning(after)) this.#start(after);
    else this.#finish(after);
    if (!before && mayAppear) for (const listener of this.#listeners) listener.onAppear?.(after);
    if (!before || isRunning(after)) return;
    for (const listener of this.#listeners) {
      if (isRunning(before)) listener.onSettle?.(after);
      else if (mayAppear) listener.onChange?.(after);
    }
  }

  #start({ id, chat }: Message): void {
    this.#repair.heard(id);
    if (!this.running(chat).includes(id)) this.#setRunning(chat, [...this.running(chat), id]);
  }

  #finish({ id, chat }: Message): void {
    this.#repair.settled(id);
    const rest = this.running(chat).filter((other) => other !== id);
    if (rest.length < this.running(chat).length) this.#setRunning(chat, rest);
    this.#trim();
  }

  #setRunning(chat: string, ids: readonly string[]): void {
    if (ids.length > 0) this.#running.set(chat, ids);
    else this.#running.delete(chat);
    for (const wake of this.#chats.get(chat) ?? []) wake();
  }

  #paint = (id: string) => {
    const message = this.#state.get(id)?.message;
    if (message) this.#painted.set(id, message);
    else this.#painted.delete(id);
    for (const wake of this.#rows.get(id) ?? []) wake();
  };

  #forget(id: string): void {
    const message = this.#state.get(id)?.message;
    this.#state.delete(id);
    if (message) this.#finish(message);
    this.#repair.settled(id);
    this.#paint(id);
  }

  #lose(id: string): void {
    const message = this.#state.get(id)?.message;
    if (message) this.#drop(message);
    else this.#forget(id);
  }

  #drop(message: Pick<Message, "id" | "chat">): void {
    this.#forget(message.id);
    for (const listener of this.#listeners) listener.onGone?.(message);
  }

  /** Settled messages live in the query cache; the newest stay here to refuse late events. */
  #trim(): void {
    if (this.#state.size <= SETTLED_KEPT) return;
    for (const [id, live] of this.#state) {
      if (!live.message || isRunning(live.message) || this.#rows.has(id)) continue;
      this.#state.delete(id);
      this.#painted.delete(id);
      if (this.#state.size <= SETTLED_KEPT) return;
    }
  }
}

const isSent = (message: ShownMessage): message is Message => message.status !== "sending";

function subscribe(map: Map<string, Set<() => void>>, key: string, wake: () => void): () => void {
  const wakes = map.get(key) ?? new Set();
  map.set(key, wakes.add(wake));
  return () => {
    wakes.delete(wake);
    if (wakes.size === 0) map.delete(key);
  };
}
