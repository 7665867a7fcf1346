import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { pollingTransport, streamTransport } from "@/shared/events/transports";

const onOpen = vi.fn();
const onFrame = vi.fn();
const onEnd = vi.fn();
const events = { onOpen, onFrame, onEnd };
const settle = () => new Promise((resolve) => setTimeout(resolve));

beforeEach(() => void vi.clearAllMocks());
afterEach(() => void vi.unstubAllGlobals());

describe("the stream", () => {
  let source: ReadableStreamDefaultController<Uint8Array>;
  let asked: { url: string; signal: AbortSignal | null | undefined }[];

  function serve(status: number, type = "text/event-stream; charset=utf-8"): void {
    asked = [];
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        source = controller;
      },
    });
    vi.stubGlobal("fetch", async (url: string, init?: RequestInit) => {
      asked.push({ url, signal: init?.signal });
      return new Response(body, { status, headers: { "Content-Type": type } });
    });
  }

  const send = async (bytes: Uint8Array) => {
    source.enqueue(bytes);
    await settle();
  };
  const bytes = (text: string) => new TextEncoder().encode(text);

  it("hands on each line of data, and comments as signs of life, wherever the network cuts", async () => {
    serve(200);
    streamTransport("/api/events/").open(events);
    await settle();
    expect(onOpen).toHaveBeenCalledTimes(1);
    expect(onFrame).not.toHaveBeenCalled();
    for (const byte of bytes(': stands\n\ndata: {"text":"日本 🦀"}\n\n:\n\ndata: [1,2]\n\n'))
      await send(Uint8Array.of(byte));
    await send(bytes("data: 3\n\ndata: 4\n\n"));
    expect(onFrame.mock.calls).toEqual([
      [""],
      ['{"text":"日本 🦀"}'],
      [""],
      ["[1,2]"],
      ["3"],
      ["4"],
    ]);
    expect(onEnd).not.toHaveBeenCalled();
  });

  it("says whether the server has ended it, or something broke", async () => {
    serve(200);
    streamTransport("/api/events/").open(events);
    await settle();
    source.close();
    await settle();
    expect(onEnd.mock.calls).toEqual([["closed"]]);
    serve(200);
    streamTransport("/api/events/").open(events);
    await settle();
    source.error(new TypeError("network error"));
    await settle();
    expect(onEnd.mock.calls).toEqual([["closed"], ["lost"]]);
  });

  it.each([
    [401, "application/json"],
    [501, "application/json"],
    [503, "application/json"],
    [200, "text/html"],
  ])("does not open where something else answers (%i, %s)", async (status, type) => {
    serve(status, type);
    streamTransport("/api/events/").open(events);
    await settle();
    expect(onOpen).not.toHaveBeenCalled();
    expect(onEnd.mock.calls).toEqual([["lost"]]);
  });

  it("says nothing any more once it is closed", async () => {
    serve(200);
    const link = streamTransport("/api/events/").open(events);
    await settle();
    link.close();
    await send(bytes("data: 1\n\n"));
    source.close();
    await settle();
    expect(asked[0]?.signal?.aborted).toBe(true);
    expect(onFrame).not.toHaveBeenCalled();
    expect(onEnd).not.toHaveBeenCalled();
  });
});

describe("polling", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
  const refresh = vi.fn();
  const GAP = '{"type":"gap"}';

  it("fetches what grows every two seconds, and everything every ten", async () => {
    pollingTransport({ ask: async () => {}, refresh }).open(events);
    await pass(0);
    expect(onOpen).toHaveBeenCalledTimes(1);
    expect(onFrame.mock.calls).toEqual([[GAP]]);
    await pass(9_000);
    expect(refresh).toHaveBeenCalledTimes(4);
    expect(onFrame.mock.calls).toEqual([[GAP]]);
    await pass(1_000);
    expect(onFrame.mock.calls).toEqual([[GAP], [GAP]]);
    expect(onOpen).toHaveBeenCalledTimes(1);
  });

  it("ends where the server does not answer", async () => {
    const ask = vi.fn(async () => {});
    pollingTransport({ ask, refresh }).open(events);
    await pass(0);
    ask.mockRejectedValue(new Error("unreachable"));
    await pass(60_000);
    expect(onEnd.mock.calls).toEqual([["lost"]]);
    expect(ask).toHaveBeenCalledTimes(2);
  });

  it("asks nothing any more once it is closed", async () => {
    const ask = vi.fn(async () => {});
    const link = pollingTransport({ ask, refresh }).open(events);
    link.close();
    await pass(60_000);
    expect(ask).toHaveBeenCalledTimes(1);
    expect(onFrame).not.toHaveBeenCalled();
  });
});
