import { readFrame } from "./frame";
import type { Link, LinkEnd, Transport } from "./transports";
import type { ServerEvent } from "./types";

/** A server that a crowd comes back to is slow; whoever gives up early only begins again at the queue's end. */
const OPEN_WITHIN = 20_000;
const PING_EVERY = 20_000;
const DEAD_AFTER = 10_000;
const FRESH = 1_000;

interface Options {
  /** The first sign of life: from here on nothing is missed. */
  onStand: () => void;
  onHeard: () => void;
  onEvents: (events: ServerEvent[]) => void;
  /** Not called after `close`. */
  onEnd: (end: LinkEnd) => void;
}

/** One connection from its opening to its end: it stands as soon as it speaks, and is dead when it falls silent. */
export class Line {
  readonly #options: Options;
  readonly #link: Link;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #heardAt = 0;
  #stands = false;
  #isOver = false;

  constructor(transport: Transport, options: Options) {
    this.#options = options;
    this.#expect(OPEN_WITHIN);
    this.#link = transport.open({
      onOpen: () => this.#expect(DEAD_AFTER),
      onFrame: (text) => this.#hear(text),
      onEnd: (end) => this.#end(end),
    });
  }

  get stands(): boolean {
    return this.#stands;
  }

  close(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#link.close();
  }

  /** Asks for a sign of life where that can be done, unless there has just been one. */
  doubt(): void {
    if (this.#stands && this.#link.ping && Date.now() - this.#heardAt >= FRESH) this.#ask();
  }

  #hear(text: string): void {
    if (this.#isOver) return;
    this.#heardAt = Date.now();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), PING_EVERY);
    if (!this.#stands) {
      this.#stands = true;
      this.#options.onStand();
    }
    this.#options.onHeard();
    const events = readFrame(text);
    if (events.length > 0) this.#options.onEvents(events);
  }

  #ask(): void {
    this.#link.ping?.();
    this.#expect(DEAD_AFTER);
  }

  #expect(within: number): void {
    if (this.#isOver) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end("lost"), within);
  }

  #end(end: LinkEnd): void {
    if (this.#isOver) return;
    this.close();
    this.#options.onEnd(end);
  }
}
