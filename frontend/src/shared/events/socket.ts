import { readFrame } from "./frame";
import type { ServerEvent } from "./types";

export type SocketStatus = "connecting" | "open" | "offline";

const PING_EVERY = 20_000;
const DEAD_AFTER = 10_000;
const FIRST_RETRY = 1_000;
const LONGEST_RETRY = 30_000;
const CREDENTIAL_ENDED = 4401;

interface Options {
  url: string;
  onEvents: (events: ServerEvent[]) => void;
  /** Each time the connection stands: what happened meanwhile has to be fetched. */
  onOpen: () => void;
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
    this.#waitForLife();
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
    this.#options.onOpen();
  }

  #onFrame(data: unknown): void {
    this.#heard();
    const events = typeof data === "string" ? readFrame(data) : [];
    if (events.length > 0) this.#options.onEvents(events);
  }

  #onClose(code: number): void {
    const stood = this.#stands;
    this.#drop();
    if (stood && code !== CREDENTIAL_ENDED) this.#retryLater();
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

  #retryLater(): void {
    if (this.#closed) return;
    this.#setStatus(this.#failures > 0 || !navigator.onLine ? "offline" : "connecting");
    const limit = Math.min(FIRST_RETRY * 2 ** this.#failures, LONGEST_RETRY);
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
    this.#waitForLife();
  };

  #waitForLife(): void {
    clearTimeout(this.#dead);
    this.#dead = setTimeout(() => {
      this.#drop();
      this.#retryLater();
    }, DEAD_AFTER);
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
