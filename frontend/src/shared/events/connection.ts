import { Line } from "./line";
import type { LinkEnd, Transport } from "./transports";
import type { ServerEvent } from "./types";

export type ConnectionStatus = "connecting" | "open" | "offline";

/** How long one waits at most before each try: the first meets a short cut, the others a server that is gone. */
const RETRY_WITHIN = [1_000, 16_000];
const LONGEST_RETRY = 30_000;
/** The server has closed on everybody at once: nobody comes back in the same second as many others. */
const BACK_WITHIN = 24_000;
/** So often a transport may fail, while the server answers otherwise, before the next one has its turn. */
const FAILURES = 2;
/** Browsers allow few requests at once to one host, and every tab's stream is one: a tab that nobody sees gives it up. */
const HIDDEN_FOR = 30_000;
const FIRST_CLIMB = 30_000;
const LONGEST_CLIMB = 300_000;

interface Options {
  /** The best first. */
  transports: readonly Transport[];
  onEvents: (events: ServerEvent[]) => void;
  /** Asks the session endpoint; rejects when the server cannot be reached. */
  isSignedIn: () => Promise<boolean>;
  onSignedOut: () => void;
  random?: () => number;
}

/** The page's one connection: on the best transport that works here, reopened with full jitter, ended by a sign-out. */
export class Connection {
  readonly #options: Options;
  readonly #wakes = new Set<() => void>();
  #status: ConnectionStatus = "connecting";
  #line: Line | null = null;
  /** A trial of a better transport, beside the line. */
  #trial: Line | null = null;
  #at = 0;
  #blocked = 0;
  #failures = 0;
  #climbs = 0;
  #retry: Timer = undefined;
  #climb: Timer = undefined;
  #park: Timer = undefined;
  #closed = true;

  constructor(options: Options) {
    this.#options = options;
  }

  get status(): ConnectionStatus {
    return this.#status;
  }

  /** The name of the transport that is in use. */
  get transport(): Transport["name"] | undefined {
    return this.#options.transports[this.#at]?.name;
  }

  subscribe = (wake: () => void): (() => void) => {
    this.#wakes.add(wake);
    return () => this.#wakes.delete(wake);
  };

  open(): () => void {
    this.#closed = false;
    window.addEventListener("online", this.#hurry);
    window.addEventListener("offline", this.#onOffline);
    document.addEventListener("visibilitychange", this.#onVisibility);
    // A component that is mounted twice in a row opens one connection.
    this.#retry = setTimeout(() => this.#connect());
    return () => this.#close();
  }

  /** The reader does something whose outcome they wait for: no time for a wait, nor for a line that is dead. */
  wanted(): void {
    if (this.#retry !== undefined) this.#connect();
    else this.#line?.doubt();
  }

  #close(): void {
    this.#closed = true;
    clearTimeout(this.#park);
    window.removeEventListener("online", this.#hurry);
    window.removeEventListener("offline", this.#onOffline);
    document.removeEventListener("visibilitychange", this.#onVisibility);
    clearTimeout(this.#retry);
    this.#rest();
    this.#line?.close();
    this.#line = null;
  }

  #connect(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#line?.close();
    this.#line = this.#lineOn(this.#at);
  }

  #lineOn(at: number): Line | null {
    const transport = this.#options.transports[at];
    if (!transport) return null;
    const line: Line = new Line(transport, {
      onStand: () => this.#adopt(line, at),
      onHeard: () => this.#setStatus("open"),
      onEvents: this.#options.onEvents,
      onEnd: (end) => (line === this.#trial ? this.#tryBetter(at + 1) : this.#onEnd(line, end)),
    });
    return line;
  }

  /** What happened before has to be fetched, whichever transport it was lost on. */
  #adopt(line: Line, at: number): void {
    this.#rest(line);
    clearTimeout(this.#retry);
    this.#retry = undefined;
    if (this.#line !== line) this.#line?.close();
    this.#line = line;
    const isOther = this.#at !== at;
    this.#at = at;
    if (isOther) this.#wake();
    this.#blocked = 0;
    this.#failures = 0;
    this.#options.onEvents([{ type: "gap" }]);
    if (at > 0) this.#climbLater();
    else this.#climbs = 0;
  }

  #onEnd(line: Line, end: LinkEnd): void {
    this.#line = null;
    if (end === "misused") this.#setStatus("offline");
    else if (line.stands && end === "lost") this.#retryLater();
    else if (end === "closed" && this.transport === "socket") this.#retryLater(BACK_WITHIN);
    else void this.#checkSession(line.stands, end);
  }

  /** A browser does not tell a refusal from an absent server, nor a stream why it ends: the session does. */
  async #checkSession(stood: boolean, end: LinkEnd): Promise<void> {
    const signedIn = await this.#options.isSignedIn().catch(() => undefined);
    if (this.#closed || this.#line) return;
    if (signedIn === false) {
      this.#close();
      this.#options.onSignedOut();
    } else if (signedIn && !stood && end !== "credential") this.#onBlocked();
    else this.#retryLater(end === "closed" ? BACK_WITHIN : undefined);
  }

  /** The server answers, but not on this transport. */
  #onBlocked(): void {
    this.#blocked += 1;
    const hasNext = this.#at + 1 < this.#options.transports.length;
    if (this.#blocked >= FAILURES && hasNext) this.#next();
    else this.#retryLater();
  }

  #next(): void {
    this.#at += 1;
    this.#blocked = 0;
    this.#rest();
    this.#connect();
  }

  #retryLater(limit = RETRY_WITHIN[this.#failures] ?? LONGEST_RETRY): void {
    if (this.#closed) return;
    this.#setStatus(this.#failures > 0 || !navigator.onLine ? "offline" : "connecting");
    this.#failures += 1;
    this.#retry = setTimeout(() => this.#connect(), this.#random() * limit);
  }

  #climbLater(): void {
    const limit = Math.min(FIRST_CLIMB * 2 ** this.#climbs, LONGEST_CLIMB);
    this.#climbs += 1;
    this.#climb = setTimeout(() => this.#tryBetter(0), (0.5 + this.#random() / 2) * limit);
  }

  /** Tries the transports above the present one, one after the other, while that goes on. */
  #tryBetter(from: number): void {
    this.#rest();
    if (from < this.#at && !document.hidden) this.#trial = this.#lineOn(from);
    else this.#climbLater();
  }

  #rest(adopted?: Line): void {
    clearTimeout(this.#climb);
    this.#climb = undefined;
    if (this.#trial !== adopted) this.#trial?.close();
    this.#trial = null;
  }

  /** The network or the reader is back: try at once, and doubt a connection that seems open. */
  #hurry = () => {
    if (this.#retry !== undefined) this.#connect();
    else if (this.#line?.stands) {
      this.#setStatus("open");
      this.#line.doubt();
      if (this.#climb !== undefined) this.#tryBetter(0);
    }
  };

  #onVisibility = () => {
    clearTimeout(this.#park);
    if (!document.hidden) this.#hurry();
    else if (this.transport === "stream") this.#park = setTimeout(() => this.#next(), HIDDEN_FOR);
  };

  #onOffline = () => this.#setStatus("offline");

  #random(): number {
    return (this.#options.random ?? Math.random)();
  }

  #setStatus(status: ConnectionStatus): void {
    if (status === this.#status) return;
    this.#status = status;
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#wakes) wake();
  }
}

type Timer = ReturnType<typeof setTimeout> | undefined;
