import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Connection } from "@/shared/events/connection";
import type { LinkEvents, Transport } from "@/shared/events/transports";

class FakeTransport implements Transport {
  readonly name: Transport["name"];
  links: (LinkEvents & { closed: boolean })[] = [];

  constructor(name: Transport["name"]) {
    this.name = name;
  }

  open = (events: LinkEvents) => {
    const link = { ...events, closed: false };
    this.links.push(link);
    return {
      ping: () => {},
      close: () => {
        link.closed = true;
      },
    };
  };

  get last() {
    const link = this.links.at(-1);
    if (!link) throw new Error(`No ${this.name} was opened.`);
    return link;
  }

  stand(): void {
    this.last.onOpen();
    this.last.onFrame("");
  }

  refuse(): void {
    this.last.onEnd("lost");
  }
}

const GAP = { type: "gap" };
const EVENT = { type: "chat.deleted", chat: { id: "a" } };
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const onEvents = vi.fn();
const onSignedOut = vi.fn();
let signedIn: () => Promise<boolean>;
let socket: FakeTransport;
let stream: FakeTransport;
let polling: FakeTransport;
let connection: Connection;
let close: () => void;

beforeEach(async () => {
  vi.useFakeTimers();
  vi.clearAllMocks();
  Object.defineProperty(document, "hidden", { configurable: true, get: () => false });
  signedIn = async () => true;
  socket = new FakeTransport("socket");
  stream = new FakeTransport("stream");
  polling = new FakeTransport("polling");
  connection = new Connection({
    transports: [socket, stream, polling],
    onEvents,
    onSignedOut,
    isSignedIn: () => signedIn(),
    random: () => 1,
  });
  close = connection.open();
  await pass(0);
});

afterEach(() => {
  close();
  vi.useRealTimers();
});

function hide(hidden: boolean): void {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}

/** The transport fails twice, though the server answers. */
async function block(transport: FakeTransport): Promise<void> {
  transport.refuse();
  await pass(1_000);
  transport.refuse();
  await pass(0);
}

describe("going down", () => {
  it("takes the stream where the socket is refused twice, and polls where the stream is, too", async () => {
    await block(socket);
    expect(stream.links).toHaveLength(1);
    stream.refuse();
    await pass(30_000);
    stream.refuse();
    await pass(0);
    expect(polling.links).toHaveLength(1);
    polling.stand();
    expect(connection.transport).toBe("polling");
    expect(connection.status).toBe("open");
    expect(onEvents.mock.calls).toEqual([[[GAP]]]);
  });

  it("takes the stream where the socket opens but stays silent", async () => {
    for (let times = 0; times < 2; times++) {
      socket.last.onOpen();
      await pass(11_000);
    }
    expect(stream.links).toHaveLength(1);
    expect(socket.links.map(({ closed }) => closed)).toEqual([true, true]);
  });

  it("gives a slow socket twenty seconds, twice", async () => {
    await pass(40_900);
    expect(stream.links).toHaveLength(0);
    await pass(200);
    expect(stream.links).toHaveLength(1);
  });

  it("stays with the socket while the server is away", async () => {
    signedIn = async () => Promise.reject(new Error("unreachable"));
    for (let times = 0; times < 10; times++) {
      socket.refuse();
      await pass(30_000);
    }
    expect(stream.links).toHaveLength(0);
    expect(socket.links.length).toBeGreaterThan(5);
  });

  it("stays with a socket that has stood, however often it is cut", async () => {
    for (let times = 0; times < 5; times++) {
      socket.stand();
      socket.refuse();
      await pass(1_000);
    }
    expect(stream.links).toHaveLength(0);
  });

  it("polls on when polling fails, too", async () => {
    await block(socket);
    stream.refuse();
    await pass(30_000);
    stream.refuse();
    await pass(0);
    for (let times = 0; times < 3; times++) {
      polling.refuse();
      await pass(30_000);
    }
    expect(polling.links.length).toBeGreaterThanOrEqual(3);
  });
});

describe("coming back up", () => {
  beforeEach(async () => {
    await block(socket);
    stream.stand();
    onEvents.mockClear();
  });

  it("tries the socket beside the stream, and changes when it speaks", async () => {
    await pass(15_000);
    stream.last.onFrame("");
    await pass(15_000);
    expect(socket.links).toHaveLength(3);
    stream.last.onFrame(JSON.stringify(EVENT));
    expect(stream.last.closed).toBe(false);
    socket.stand();
    expect(connection.transport).toBe("socket");
    expect(stream.last.closed).toBe(true);
    stream.last.onFrame(JSON.stringify(EVENT));
    socket.last.onFrame(JSON.stringify(EVENT));
    expect(onEvents.mock.calls).toEqual([[[EVENT]], [[GAP]], [[EVENT]]]);
    for (let times = 0; times < 60; times++) {
      await pass(10_000);
      socket.last.onFrame("");
    }
    expect([socket, stream, polling].map(({ links }) => links.length)).toEqual([3, 1, 0]);
  });

  it("goes on with the stream where the socket is still blocked, and tries more and more rarely", async () => {
    for (const wait of [30_000, 60_000, 120_000, 240_000, 300_000, 300_000]) {
      const before = socket.links.length;
      for (let ms = 0; ms < wait; ms += 10_000) {
        stream.last.onFrame("");
        await pass(10_000);
      }
      expect(socket.links).toHaveLength(before + 1);
      socket.refuse();
    }
    expect(stream.links).toHaveLength(1);
    expect(connection.status).toBe("open");
    expect(onEvents).not.toHaveBeenCalled();
  });

  it("tries at once when the network has changed", () => {
    window.dispatchEvent(new Event("online"));
    expect(socket.links).toHaveLength(3);
    window.dispatchEvent(new Event("online"));
    expect(socket.links).toHaveLength(3);
  });

  it("climbs from polling to the stream where only the socket is blocked", async () => {
    stream.refuse();
    for (let times = 0; times < 2; times++) {
      await pass(1_000);
      await pass(30_000);
      if (!stream.last.closed) stream.refuse();
      await pass(0);
    }
    polling.stand();
    onEvents.mockClear();
    window.dispatchEvent(new Event("online"));
    socket.refuse();
    stream.stand();
    expect(connection.transport).toBe("stream");
    expect(polling.last.closed).toBe(true);
    expect(onEvents.mock.calls).toEqual([[[GAP]]]);
  });

  it("comes back to the stream when it was cut", async () => {
    stream.refuse();
    await pass(1_000);
    expect(stream.links).toHaveLength(2);
    expect(socket.links).toHaveLength(2);
  });

  it("asks for the session when the stream ends, and takes its time when that has not", async () => {
    stream.last.onEnd("closed");
    await pass(23_900);
    expect(stream.links).toHaveLength(1);
    await pass(200);
    expect(stream.links).toHaveLength(2);
    stream.stand();
    signedIn = async () => false;
    stream.last.onEnd("closed");
    await pass(0);
    expect(onSignedOut).toHaveBeenCalledTimes(1);
    await pass(600_000);
    expect([socket, stream, polling].map(({ links }) => links.length)).toEqual([2, 2, 0]);
  });

  it("gives the stream up while nobody sees the page, and takes it again at once", async () => {
    hide(true);
    await pass(29_000);
    expect(stream.last.closed).toBe(false);
    await pass(1_000);
    expect(stream.last.closed).toBe(true);
    polling.stand();
    expect(connection.transport).toBe("polling");
    for (let times = 0; times < 60; times++) {
      await pass(10_000);
      polling.last.onFrame("");
    }
    expect([socket, stream, polling].map(({ links }) => links.length)).toEqual([2, 1, 1]);
    hide(false);
    socket.refuse();
    stream.stand();
    expect(connection.transport).toBe("stream");
  });

  it("keeps the stream when the page is only left for a moment", async () => {
    hide(true);
    await pass(20_000);
    hide(false);
    stream.last.onFrame("");
    await pass(15_000);
    expect(stream.last.closed).toBe(false);
    expect(polling.links).toHaveLength(0);
  });

  it("leaves nothing open when the page goes", async () => {
    await pass(30_000);
    close();
    expect([socket.last.closed, stream.last.closed]).toEqual([true, true]);
    await pass(600_000);
    expect(socket.links).toHaveLength(3);
  });
});
