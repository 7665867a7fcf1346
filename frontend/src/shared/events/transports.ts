/** Why a link came to its end: the server closed in order, the credential counts no more, or for good. */
export type LinkEnd = "lost" | "closed" | "credential" | "misused";

export interface LinkEvents {
  /** The other side has answered, though it has not said anything yet. */
  onOpen: () => void;
  /** Anything that is heard; what is no frame only says that the link lives. */
  onFrame: (text: string) => void;
  onEnd: (end: LinkEnd) => void;
}

export interface Link {
  /** Asks for a sign of life. */
  ping?: () => void;
  close: () => void;
}

/** One way for events to reach the page. */
export interface Transport {
  name: "socket" | "stream" | "polling";
  open: (events: LinkEvents) => Link;
}

const PING = '{"type":"ping"}';
const ENDS: Readonly<Record<number, LinkEnd>> = {
  1001: "closed",
  1008: "misused",
  1012: "closed",
  4401: "credential",
};
const POLL_EVERY = 2_000;
const ROUNDS_PER_GAP = 5;

/** The socket; a proxy may let it open and swallow what it carries, so it has to answer at once. */
export const socketTransport = (url: string, Socket = WebSocket): Transport => ({
  name: "socket",
  open({ onOpen, onFrame, onEnd }) {
    const socket = new Socket(url);
    const ping = () => socket.send(PING);
    socket.onopen = () => {
      onOpen();
      ping();
    };
    socket.onmessage = ({ data }) => onFrame(String(data));
    socket.onclose = ({ code }) => onEnd(ENDS[code] ?? "lost");
    const close = () => {
      // An old socket must not speak any more, even when it lingers half-open.
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    };
    return { ping, close };
  },
});

/** The same frames as server-sent events: an ordinary request whose answer does not end. */
export const streamTransport = (url: string): Transport => ({
  name: "stream",
  open({ onOpen, onFrame, onEnd }) {
    const abort = new AbortController();
    const hear = (line: string) => {
      if (!abort.signal.aborted) onFrame(line.startsWith("data: ") ? line.slice(6) : "");
    };
    void follow(url, { signal: abort.signal, onOpen, hear })
      .catch((): LinkEnd => "lost")
      .then((end) => {
        if (!abort.signal.aborted) onEnd(end);
      });
    return { close: () => abort.abort() };
  },
});

interface Following {
  signal: AbortSignal;
  onOpen: () => void;
  hear: (line: string) => void;
}

async function follow(url: string, { signal, onOpen, hear }: Following): Promise<LinkEnd> {
  const answer = await fetch(url, { signal, cache: "no-store" });
  const isStream = answer.headers.get("Content-Type")?.startsWith("text/event-stream");
  if (!answer.ok || !isStream || !answer.body) return "lost";
  onOpen();
  const [reader, decoder] = [answer.body.getReader(), new TextDecoder()];
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return "closed";
    const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line) hear(line);
  }
}

interface Polling {
  /** Rejects when the server does not answer. */
  ask: () => Promise<unknown>;
  /** Fetches what is growing. */
  refresh: () => void;
}

/** Below all others: asks every two seconds for what grows, and every ten for everything shown. */
export const pollingTransport = ({ ask, refresh }: Polling): Transport => ({
  name: "polling",
  open({ onOpen, onFrame, onEnd }) {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isClosed = false;
    const poll = async (round: number) => {
      if (round % ROUNDS_PER_GAP > 0) refresh();
      else {
        const answers = await ask().then(
          () => true,
          () => false,
        );
        if (isClosed) return;
        if (!answers) return onEnd("lost");
        if (round === 0) onOpen();
        onFrame('{"type":"gap"}');
      }
      timer = setTimeout(() => void poll(round + 1), POLL_EVERY);
    };
    void poll(0);
    return {
      close: () => {
        isClosed = true;
        clearTimeout(timer);
      },
    };
  },
});
