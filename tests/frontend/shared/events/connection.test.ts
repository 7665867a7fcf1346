import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Connection } from "@/shared/events/connection";
import { socketTransport } from "@/shared/events/transports";
import { seeded } from "./messages";

class FakeSocket {
  static all: FakeSocket[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  sent: string[] = [];
  closed = false;

  constructor() {
    FakeSocket.all.push(this);
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.closed = true;
  }
}

const GAP = { type: "gap" };
const last = (): FakeSocket => {
  const socket = FakeSocket.all.at(-1);
  if (!socket) throw new Error("No socket was opened.");
  return socket;
};
const count = () => FakeSocket.all.length;
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

let signedIn: () => Promise<boolean>;
let chance: number;
let close: () => void;
let connection: Connection;
const onEvents = vi.fn();
const onSignedOut = vi.fn();

beforeEach(async () => {
  vi.useFakeTimers();
  vi.clearAllMocks();
  Object.defineProperty(document, "hidden", { configurable: true, get: () => false });
  FakeSocket.all = [];
  signedIn = async () => true;
  chance = 1;
  connection = makeConnection(() => chance);
  close = connection.open();
  await pass(0);
});

const makeConnection = (random: () => number): Connection =>
  new Connection({
    transports: [socketTransport("ws://test/ws/", FakeSocket as unknown as typeof WebSocket)],
    onEvents,
    onSignedOut,
    isSignedIn: () => signedIn(),
    random,
  });

afterEach(() => {
  close();
  vi.useRealTimers();
});

const PING = '{"type":"ping"}';
/** It opens, and answers the ping that asks whether it lives. */
const stand = (socket: FakeSocket) => {
  socket.onopen?.();
  socket.onmessage?.({ data: '{"type":"pong"}' });
};
const open = () => stand(last());
const hear = (frame: unknown) =>
  last().onmessage?.({ data: typeof frame === "string" ? frame : JSON.stringify(frame) });
const lose = (code = 1006) => last().onclose?.({ code });

describe("frames", () => {
  it("hands on one event, a list of events, and nothing that it does not know", () => {
    open();
    const event = { type: "chat.deleted", chat: { id: "a" } };
    hear(event);
    hear([event, { type: "from.the.future" }, event]);
    hear({ type: "pong" });
    hear("not json");
    hear([]);
    expect(onEvents.mock.calls).toEqual([[[GAP]], [[event]], [[event, event]]]);
  });

  it("are missing before each opening, so that what happened meanwhile is fetched", async () => {
    open();
    lose();
    await pass(1_000);
    open();
    expect(onEvents.mock.calls).toEqual([[[GAP]], [[GAP]]]);
  });
});

describe("a dead connection", () => {
  it("is noticed by a ping without an answer", async () => {
    open();
    await pass(20_000);
    expect(last().sent).toEqual([PING, PING]);
    await pass(9_999);
    expect(count()).toBe(1);
    await pass(1_001);
    expect(FakeSocket.all[0]?.closed).toBe(true);
    expect(count()).toBe(2);
  });

  it("is kept as long as anything is heard", async () => {
    open();
    for (let round = 0; round < 5; round++) {
      await pass(20_000);
      hear({ type: "pong" });
    }
    expect(count()).toBe(1);
    expect(last().sent).toHaveLength(6);
  });

  it("has to answer within 10 s once it is open", async () => {
    last().onopen?.();
    expect(last().sent).toEqual([PING]);
    await pass(9_999);
    expect(FakeSocket.all[0]?.closed).toBe(false);
    await pass(1);
    expect(FakeSocket.all[0]?.closed).toBe(true);
    expect(onEvents).not.toHaveBeenCalled();
  });

  it("is given 20 s for its handshake by a slow server, and no more", async () => {
    await pass(19_999);
    expect(FakeSocket.all[0]?.closed).toBe(false);
    await pass(1);
    expect(FakeSocket.all[0]?.closed).toBe(true);
    await pass(1_000);
    expect(count()).toBe(2);
  });

  it("does not speak any more, however late", async () => {
    open();
    const old = last();
    await pass(31_000);
    open();
    old.onmessage?.({ data: '{"type":"chat.deleted","chat":{"id":"a"}}' });
    old.onclose?.({ code: 1006 });
    expect(onEvents.mock.calls).toEqual([[[GAP]], [[GAP]]]);
    expect(count()).toBe(2);
    expect(connection.status).toBe("open");
  });
});

describe("reconnecting", () => {
  it("waits a moment at first, and at most 30 s", async () => {
    open();
    lose();
    for (const limit of [1_000, 16_000, 30_000, 30_000]) {
      const before = count();
      await pass(limit - 1);
      expect(count()).toBe(before);
      await pass(1);
      expect(count()).toBe(before + 1);
      lose();
      await pass(0);
    }
  });

  it("takes any moment up to the limit, so that pages do not come back all at once", async () => {
    open();
    chance = 0.25;
    lose();
    await pass(249);
    expect(count()).toBe(1);
    await pass(1);
    expect(count()).toBe(2);
  });

  it("starts again with a short wait after it has stood", async () => {
    for (const wait of [1_000, 16_000, 30_000]) {
      lose();
      await pass(wait);
    }
    open();
    lose();
    await pass(1_000);
    expect(count()).toBe(5);
  });

  it.each([1001, 1012])(
    "takes its time after the server has closed on everybody (%i)",
    async (code) => {
      open();
      lose(code);
      await pass(23_999);
      expect(count()).toBe(1);
      await pass(1);
      expect(count()).toBe(2);
    },
  );

  it("never comes back where it was told that it speaks wrongly", async () => {
    open();
    lose(1008);
    window.dispatchEvent(new Event("online"));
    document.dispatchEvent(new Event("visibilitychange"));
    await pass(120_000);
    expect(count()).toBe(1);
    expect(connection.status).toBe("offline");
  });

  it("tries at once when the network or the reader is back", async () => {
    open();
    lose();
    window.dispatchEvent(new Event("online"));
    expect(count()).toBe(2);
    lose();
    await pass(0);
    document.dispatchEvent(new Event("visibilitychange"));
    expect(count()).toBe(3);
  });

  it("tries at once when the reader does something, and doubts an open connection then", async () => {
    open();
    lose(1012);
    connection.wanted();
    expect(count()).toBe(2);
    connection.wanted();
    expect(count()).toBe(2);
    open();
    await pass(1_000);
    connection.wanted();
    expect(last().sent).toEqual([PING, PING]);
  });

  it("doubts an open connection when the reader is back, once a second at most", async () => {
    open();
    document.dispatchEvent(new Event("visibilitychange"));
    expect(last().sent).toEqual([PING]);
    await pass(1_000);
    document.dispatchEvent(new Event("visibilitychange"));
    expect(last().sent).toEqual([PING, PING]);
    await pass(10_000);
    expect(last().closed).toBe(true);
  });
});

describe("a crowd of pages", () => {
  const PAGES = 500;
  const random = seeded(1);
  const crowd: (() => void)[] = [];
  const meet = () => {
    signedIn = async () => Promise.reject(new Error("unreachable"));
    for (let page = 0; page < PAGES; page++) crowd.push(makeConnection(random).open());
  };
  afterEach(() => crowd.splice(0).forEach((leave) => void leave()));

  /** How many came to stand in each second after all were closed; the server is away for so long. */
  async function comeBack(code: number, awayFor: number): Promise<number[]> {
    const lost = FakeSocket.all.splice(0);
    for (const one of lost) one.onclose?.({ code });
    const stood = Array.from({ length: 60 }, () => 0);
    for (let ms = 0; ms < 60_000; ms += 500) {
      await pass(500);
      const second = Math.floor(ms / 1_000);
      for (const one of FakeSocket.all.splice(0)) {
        if (ms < awayFor) one.onclose?.({ code: 1006 });
        else {
          stand(one);
          stood[second] = (stood[second] ?? 0) + 1;
          kept.push(one);
        }
      }
      if (ms % 9_000 === 0) for (const one of kept) one.onmessage?.({ data: '{"type":"pong"}' });
    }
    return stood;
  }
  const kept: FakeSocket[] = [];

  it.each([
    ["closed in order", 1012, 0],
    ["closed in order by a server that is away for 5 s", 1012, 5_000],
    ["cut off by a server that is away for 4 s", 1006, 4_000],
  ])(
    "%s: all back within a minute, no second has a tenth of them",
    async (_, code, awayFor) => {
      close();
      kept.length = 0;
      FakeSocket.all = [];
      meet();
      await pass(0);
      FakeSocket.all.forEach(stand);
      const stood = await comeBack(code, awayFor);
      expect(stood.reduce((sum, some) => sum + some)).toBe(PAGES);
      expect(Math.max(...stood)).toBeLessThan(PAGES / 10);
    },
    60_000,
  );
});

describe("the session", () => {
  it("stops for good when the credential has ended", async () => {
    open();
    signedIn = async () => false;
    lose(4401);
    await pass(60_000);
    expect(onSignedOut).toHaveBeenCalledTimes(1);
    expect(count()).toBe(1);
  });

  it("comes back when another sign-in has taken its place", async () => {
    open();
    lose(4401);
    await pass(1_000);
    expect(onSignedOut).not.toHaveBeenCalled();
    expect(count()).toBe(2);
  });

  it("asks after a refused handshake, and tries on when nobody can tell", async () => {
    signedIn = async () => {
      throw new Error("unreachable");
    };
    lose();
    await pass(1_000);
    expect(count()).toBe(2);
    signedIn = async () => false;
    lose();
    await pass(0);
    expect(onSignedOut).toHaveBeenCalledTimes(1);
  });

  it("opens nothing after it was closed", async () => {
    open();
    lose();
    close();
    window.dispatchEvent(new Event("online"));
    await pass(60_000);
    expect(count()).toBe(1);
  });
});

describe("the status", () => {
  it("is offline only after a second failure, and tells its listeners", async () => {
    const seen: string[] = [];
    connection.subscribe(() => seen.push(connection.status));
    expect(connection.status).toBe("connecting");
    open();
    lose();
    await pass(1_000);
    lose();
    await pass(16_000);
    open();
    expect(seen).toEqual(["open", "connecting", "offline", "open"]);
  });

  it("is offline at once when the browser says so", () => {
    open();
    window.dispatchEvent(new Event("offline"));
    expect(connection.status).toBe("offline");
    window.dispatchEvent(new Event("online"));
    expect(connection.status).toBe("open");
  });
});
