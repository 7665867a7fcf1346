import { del, get, update } from "idb-keyval";
import { type ApiError, asApiError } from "@/shared/api/error";
import type { SentMessage } from "@/shared/api/types";
import { exclusively } from "./exclusively";

/** A turn that the server has not confirmed. */
export interface Outgoing {
  /** Chosen here: however often the turn is sent, it is one message. */
  id: string;
  chat: string;
  content: string;
  model?: string;
  /** What the reader saw last when writing it; undefined leaves that to the server. */
  parent?: string | null;
  /** The chat is to be made first, under this title. */
  title?: string;
}

export interface OutboxListener {
  onSent?: (sent: SentMessage) => void;
  /** The server will not have the turn: its text must find another place before this returns. */
  onRefused?: (turn: Outgoing, error: ApiError) => void;
}

type Change = (items: readonly Outgoing[]) => readonly Outgoing[];

interface Options {
  user: string;
  /** Brings a turn to the server; `onMade` once its chat is there. */
  deliver: (
    turn: Outgoing,
    options: { signal: AbortSignal; onMade: () => Promise<unknown> },
  ) => Promise<SentMessage>;
  /** Takes a refused turn whose chat is not open. */
  onRefused: (turn: Outgoing, error: ApiError) => void;
}

const FIRST_WAIT = 2_000;
const LONGEST_WAIT = 30_000;
/** An attempt that has had no answer for so long, in milliseconds, has failed. */
const PATIENCE = 30_000;

const keyOf = (user: string) => `chattable.outbox.${user}`;

/** Forgets what a user had not sent, as when they log out. */
export const clearOutbox = (user: string): Promise<void> => del(keyOf(user)).catch(() => {});

/**
 * The turns of a user on their way to the server: kept in the browser until it has confirmed each, sent in order and
 * by one tab at a time.
 */
export class Outbox {
  readonly #options: Options;
  readonly #key: string;
  readonly #wakes = new Set<() => void>();
  readonly #listeners = new Map<string, OutboxListener>();
  /** By chat: the answer to come to the last turn, and what a page may still take for the end of the chat. */
  readonly #ends = new Map<string, { answer: string; before: ReadonlySet<Outgoing["parent"]> }>();
  /** Those that are not kept yet. */
  readonly #changes = new Set<Change>();
  /** The turns that are only just being kept, and those that cannot be. */
  readonly #keeping = new Set<string>();
  #loose: readonly Outgoing[] = [];
  #items: readonly Outgoing[] = [];
  #problem: ApiError | undefined;
  #tries = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #channel: BroadcastChannel | undefined;
  #abort: AbortController | undefined;
  #isSending = false;
  /** Somebody has asked for an attempt while one was under way. */
  #isWoken = false;

  constructor(options: Options) {
    this.#options = options;
    this.#key = keyOf(options.user);
  }

  get items(): readonly Outgoing[] {
    return this.#items;
  }

  /** Why the first turn could not be sent yet; it is tried again. */
  get problem(): ApiError | undefined {
    return this.#problem;
  }

  subscribe = (wake: () => void): (() => void) => {
    this.#wakes.add(wake);
    return () => this.#wakes.delete(wake);
  };

  /** Tells what becomes of the turns of a chat. */
  listen(chat: string, listener: OutboxListener): () => void {
    this.#listeners.set(chat, listener);
    return () => {
      if (this.#listeners.get(chat) === listener) this.#listeners.delete(chat);
    };
  }

  /** Sends what is there, and whatever comes, until the returned function is called. */
  open(): () => void {
    this.#abort = new AbortController();
    this.#channel = new BroadcastChannel(this.#key);
    this.#channel.onmessage = () => void this.#load().then(this.wake);
    window.addEventListener("online", this.wake);
    this.wake();
    return () => {
      window.removeEventListener("online", this.wake);
      clearTimeout(this.#timer);
      this.#channel?.close();
      this.#channel = undefined;
      this.#abort?.abort();
      this.#abort = undefined;
    };
  }

  /** Resolves once the turn is kept: until then its text must have another place. */
  async add(turn: Outgoing): Promise<void> {
    const end = this.#ends.get(turn.chat);
    const follows = end?.before.has(turn.parent) ? { ...turn, parent: end.answer } : turn;
    this.#keeping.add(turn.id);
    const isKept = await this.#change((items) => merged(items, [follows]));
    this.#keeping.delete(turn.id);
    if (!isKept) this.#loose = [...this.#loose, follows];
    this.wake();
    if (!isKept) await this.#gone(turn.id);
  }

  /** Takes a turn out again unless it is sent meanwhile; gives it back. */
  takeBack(id: string): Promise<Outgoing | undefined> {
    return exclusively(this.#key, async () => {
      await this.#load();
      const turn = this.#items.find((item) => item.id === id);
      if (turn) await this.#change((items) => items.filter((item) => item.id !== id));
      return turn;
    });
  }

  /** The server has the turn, as it says elsewhere; what waits behind it follows its answer. */
  confirm({ id, chat, parent }: Outgoing, answer: string): Promise<boolean> {
    const end = this.#ends.get(chat);
    const before = end && end.answer === parent ? end.before : [];
    this.#ends.set(chat, { answer, before: new Set([...before, parent]) });
    return this.#change((items) =>
      items.flatMap((item) => {
        if (item.id === id) return [];
        const follows = item.chat === chat && item.parent === parent;
        return [follows ? { ...item, parent: answer } : item];
      }),
    );
  }

  /** Something was withdrawn: the chat ends where its page says. */
  unfollow(chat: string): void {
    this.#ends.delete(chat);
  }

  /** Tries to send now. */
  wake = (): void => {
    clearTimeout(this.#timer);
    if (this.#isSending) this.#isWoken = true;
    else if (this.#abort) void this.#send(this.#abort.signal);
  };

  async #send(signal: AbortSignal): Promise<void> {
    this.#isSending = true;
    this.#isWoken = false;
    await exclusively(this.#key, async () => {
      let turn = await this.#next();
      while (turn && !signal.aborted && (await this.#sendOne(turn, signal)))
        turn = await this.#next();
    }).finally(() => {
      this.#isSending = false;
    });
    // Whoever came meanwhile has found this busy.
    if (signal.aborted || (this.#first && (this.#isWoken || !this.#problem))) this.wake();
  }

  /** Whether the next turn may follow. */
  async #sendOne(turn: Outgoing, signal: AbortSignal): Promise<boolean> {
    try {
      const sent = await this.#options.deliver(turn, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]),
        onMade: () =>
          this.#change((items) =>
            items.map((item) => (item.chat === turn.chat ? { ...item, title: undefined } : item)),
          ),
      });
      this.#fail(undefined);
      this.#listeners.get(turn.chat)?.onSent?.(sent);
      await this.confirm(turn, sent.answer.id);
      return true;
    } catch (thrown) {
      if (signal.aborted) return false;
      const error = asApiError(thrown);
      if (!isRefusal(error)) return this.#retryLater(error);
      const { onRefused = this.#options.onRefused } = this.#listeners.get(turn.chat) ?? {};
      onRefused(turn, error);
      this.#fail(undefined);
      await this.#change((items) => items.filter(({ id }) => id !== turn.id));
      return true;
    }
  }

  #retryLater(error: ApiError): false {
    this.#timer = setTimeout(this.wake, Math.min(FIRST_WAIT * 2 ** this.#tries, LONGEST_WAIT));
    this.#tries += 1;
    this.#fail(error);
    return false;
  }

  #fail(error: ApiError | undefined): void {
    if (!error) this.#tries = 0;
    this.#problem = error;
    this.#show(this.#items);
  }

  /** The oldest turn, unless it is only just being kept. */
  get #first(): Outgoing | undefined {
    const first = this.#items[0];
    return first && this.#keeping.has(first.id) ? undefined : first;
  }

  async #next(): Promise<Outgoing | undefined> {
    await this.#load();
    return this.#first;
  }

  async #load(): Promise<void> {
    try {
      let items = (await get<readonly Outgoing[]>(this.#key)) ?? [];
      for (const change of this.#changes) items = change(items);
      this.#show(merged(items, this.#loose));
    } catch {
      // Nothing can be kept here: what this tab holds is all there is.
    }
  }

  /** Changes what is kept; false where nothing can be. */
  async #change(change: Change): Promise<boolean> {
    this.#changes.add(change);
    if (this.#loose.length > 0) this.#loose = change(this.#loose);
    this.#show(change(this.#items));
    try {
      await update<readonly Outgoing[]>(this.#key, (kept = []) => change(kept));
    } catch {
      return false;
    } finally {
      this.#changes.delete(change);
    }
    this.#channel?.postMessage(null);
    return true;
  }

  #show(items: readonly Outgoing[]): void {
    if (items.length === 0) this.#problem = undefined;
    this.#items = items;
    for (const wake of this.#wakes) wake();
  }

  #gone(id: string): Promise<void> {
    return new Promise((resolve) => {
      const unsubscribe = this.subscribe(() => {
        if (this.#items.some((item) => item.id === id)) return;
        unsubscribe();
        resolve();
      });
    });
  }
}

/** Each turn once, in the newest form. */
const merged = (items: readonly Outgoing[], more: readonly Outgoing[]): readonly Outgoing[] => [
  ...items.filter(({ id }) => !more.some((turn) => turn.id === id)),
  ...more,
];

/** The server has read the turn and will not have it, now or later; an ended session is no answer to it. */
const isRefusal = ({ status }: ApiError): boolean =>
  status >= 400 && status < 500 && status !== 401 && status !== 408;
