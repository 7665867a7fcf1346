import { readFrame } from "./frame";
import type { ServerEvent } from "./types";

export type SocketStatus = "connecting" | "open" | "offline";

const PING_EVERY = 20_000;
const DEAD_AFTER = 10_000;
/** A server that a crowd comes back to is slow; whoever gives up early only begins again at the queue's end. */
const HANDSHAKE_WITHIN = 20_000;
/** How long one waits at most before each try: the first meets a short cut, the others a server that is gone. */
const RETRY_WITHIN = [1_000, 16_000];
const LONGEST_RETRY = 30_000;
/** The server has closed in order, on everybody at once: nobody comes back in the same second as many others. */
const SERVER_CLOSES: readonly number[] = [1001, 1012];
const BACK_WITHIN = 24_000;
const CREDENTIAL_ENDED = 4401;
/** The server does not want to be spoken to like this, and would not tomorrow. */
const MISUSED = 1008;

interface Options {
  url: string;
  onEvents: (events: ServerEvent[]) => void;
  /** Asks the session endpoint; rejects when the server cannot be reached. */
  isSignedIn: () => Promise<boolean>;
  onSignedOut: () => void;
  WebSocket?: typeof WebSocket;
  random?: () => number;
}

/** The page's one connection: kept alive, reopened with full jitter, ended by a sign-out. */
export class ChatSocket {
  readonly #options: Options;
  #socket: WebSocket | null = null;
  #status: SocketStatus = "connecting";
  readonly #wakes = new Set<() => void>();
  #failures = 0;
  #retry: Timer = undefined;
  #ping: Timer = undefined;
  #dead: Timer = undefined;
  #stands = false;
  #closed = true;

  constructor(options: Options) {
    this.#options = options;
  }

  get status(): SocketStatus {
    return this.#status;
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

  #close(): void {
    this.#closed = true;
    window.removeEventListener("online", this.#hurry);
    window.removeEventListener("offline", this.#onOffline);
    document.removeEventListener("visibilitychange", this.#onVisibility);
    clearTimeout(this.#retry);
    this.#drop();
  }

  #connect(): void {
    this.#drop();
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const socket = new (this.#options.WebSocket ?? WebSocket)(this.#options.url);
    this.#socket = socket;
    socket.onopen = () => this.#onOpen();
    socket.onmessage = ({ data }) => this.#onFrame(data);
    socket.onclose = ({ code }) => this.#onClose(code);
    this.#waitForLife(HANDSHAKE_WITHIN);
  }

  /** An old connection must not speak any more, even when it lingers half-open. */
  #drop(): void {
    clearTimeout(this.#ping);
    clearTimeout(this.#dead);
    this.#stands = false;
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #onOpen(): void {
    this.#failures = 0;
    this.#stands = true;
    this.#heard();
    // What happened meanwhile has to be fetched.
    this.#options.onEvents([{ type: "gap" }]);
  }

  #onFrame(data: unknown): void {
    this.#heard();
    const events = typeof data === "string" ? readFrame(data) : [];
    if (events.length > 0) this.#options.onEvents(events);
  }

  #onClose(code: number): void {
    const stood = this.#stands;
    this.#drop();
    if (code === MISUSED) this.#setStatus("offline");
    else if (SERVER_CLOSES.includes(code)) this.#retryLater(BACK_WITHIN);
    else if (stood && code !== CREDENTIAL_ENDED) this.#retryLater();
    else void this.#checkSession();
  }

  /** A browser does not tell a refused handshake from an absent server: the session does. */
  async #checkSession(): Promise<void> {
    const signedIn = await this.#options.isSignedIn().catch(() => true);
    if (this.#closed || this.#socket) return;
    if (signedIn) return this.#retryLater();
    this.#close();
    this.#options.onSignedOut();
  }

  #retryLater(limit = RETRY_WITHIN[this.#failures] ?? LONGEST_RETRY): void {
    if (this.#closed) return;
    this.#setStatus(this.#failures > 0 || !navigator.onLine ? "offline" : "connecting");
    this.#failures += 1;
    const wait = (this.#options.random ?? Math.random)() * limit;
    this.#retry = setTimeout(() => this.#connect(), wait);
  }

  #heard(): void {
    clearTimeout(this.#dead);
    clearTimeout(this.#ping);
    this.#ping = setTimeout(this.#sendPing, PING_EVERY);
    this.#setStatus("open");
  }

  #sendPing = () => {
    clearTimeout(this.#ping);
    this.#socket?.send('{"type":"ping"}');
    this.#waitForLife(DEAD_AFTER);
  };

  #waitForLife(within: number): void {
    clearTimeout(this.#dead);
    this.#dead = setTimeout(() => {
      this.#drop();
      this.#retryLater();
    }, within);
  }

  /** The network or the reader is back: try at once, and doubt a connection that seems open. */
  #hurry = () => {
    if (this.#stands) this.#sendPing();
    else if (this.#retry !== undefined) this.#connect();
  };

  #onVisibility = () => {
    if (!document.hidden) this.#hurry();
  };

  #onOffline = () => this.#setStatus("offline");

  #setStatus(status: SocketStatus): void {
    if (status === this.#status) return;
    this.#status = status;
    for (const wake of this.#wakes) wake();
  }
}

type Timer = ReturnType<typeof setTimeout> | undefined;
