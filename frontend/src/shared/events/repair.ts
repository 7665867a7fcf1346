import type { Message } from "@/shared/api/types";

const FIRST_WAIT = 150;
const LONGEST_WAIT = 5_000;
const SILENCE = 5_000;
const LONGEST_SILENCE = 15_000;
const TICK = 1_000;

interface Watch {
  due: number;
  silence: number;
}

interface Options {
  /** Resolves to null when the message is gone. */
  fetchMessage: (id: string) => Promise<Message | null>;
  onMessage: (id: string, message: Message | null) => void;
  hasGap: (id: string) => boolean;
}

/** The one repair path: fetches messages that have gaps, and running ones that fell silent. */
export class Repair {
  readonly #options: Options;
  readonly #wanted = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #fetching = new Set<string>();
  readonly #tries = new Map<string, number>();
  readonly #watched = new Map<string, Watch>();
  #ticking: ReturnType<typeof setInterval> | null = null;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Fetches the message soon, unless its gap closes by itself; tries on, more slowly while it brings nothing. */
  gap(id: string): void {
    if (this.#wanted.has(id) || this.#fetching.has(id)) return;
    const wait = Math.min(FIRST_WAIT * 2 ** (this.#tries.get(id) ?? 0), LONGEST_WAIT);
    this.#wanted.set(
      id,
      setTimeout(() => this.#fetchGap(id), wait),
    );
  }

  /** The gap is closed, or at least another one now. */
  advanced(id: string): void {
    this.#tries.delete(id);
  }

  /** Watches a running message; each call says that it was heard. */
  heard(id: string): void {
    this.#watched.set(id, { due: Date.now() + SILENCE, silence: SILENCE });
    this.#ticking ??= setInterval(() => this.#tick(), TICK);
  }

  settled(id: string): void {
    this.#watched.delete(id);
    if (this.#watched.size === 0) this.#stopTicking();
  }

  /** Fetches now; a failure is met by the next tick or gap. */
  async fetch(id: string): Promise<void> {
    if (this.#fetching.has(id)) return;
    this.#fetching.add(id);
    const answer = await this.#options.fetchMessage(id).catch(() => undefined);
    this.#fetching.delete(id);
    if (answer !== undefined) this.#options.onMessage(id, answer);
    if (this.#options.hasGap(id)) this.gap(id);
  }

  close(): void {
    for (const timer of this.#wanted.values()) clearTimeout(timer);
    this.#wanted.clear();
    this.#watched.clear();
    this.#stopTicking();
  }

  #fetchGap(id: string): void {
    this.#wanted.delete(id);
    if (!this.#options.hasGap(id)) return;
    this.#tries.set(id, (this.#tries.get(id) ?? 0) + 1);
    void this.fetch(id);
  }

  #tick(): void {
    const now = Date.now();
    for (const [id, watch] of this.#watched) {
      if (watch.due > now) continue;
      watch.silence = Math.min(watch.silence + SILENCE, LONGEST_SILENCE);
      watch.due = now + watch.silence;
      void this.fetch(id);
    }
  }

  #stopTicking(): void {
    if (this.#ticking !== null) clearInterval(this.#ticking);
    this.#ticking = null;
  }
}
