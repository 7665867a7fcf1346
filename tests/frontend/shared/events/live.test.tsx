import { act, renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Message } from "@/shared/api/types";
import { LiveStore } from "@/shared/events/live";
import { FeedContext, useLiveMessage, useRunningIds } from "@/shared/events/use-live";
import { makeFeed } from "../../feed";
import { answer, delta, settled } from "./messages";

const FRAME = 16;
let server: Map<string, Message>;
let asked: string[];
let live: LiveStore;
let close: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  hide(false);
  server = new Map();
  asked = [];
  live = new LiveStore({
    fetchMessage: async (id) => {
      asked.push(id);
      return server.get(id) ?? null;
    },
  });
  close = live.open();
});

afterEach(() => {
  close();
  vi.useRealTimers();
});

function hide(hidden: boolean): void {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}

const update = (message: Message) => {
  const { content: _, reasoning: __, ...light } = message;
  live.receive([{ type: "message.updated", message: light }]);
};
const create = (message: Message) => live.receive([{ type: "message.created", message }]);
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

function stream(count: number, from = 0): void {
  for (let start = from; start < from + count; start++) live.receive([delta(start, "x")]);
}

describe("painting", () => {
  it("wakes a row once per frame, and only the row that grew", async () => {
    create(answer());
    create(answer({ id: "other" }));
    const [mine, other] = [vi.fn(), vi.fn()];
    live.subscribeMessage("answer", mine);
    live.subscribeMessage("other", other);
    stream(100);
    expect(mine).not.toHaveBeenCalled();
    await pass(FRAME);
    expect(mine).toHaveBeenCalledTimes(1);
    expect(live.message("answer")?.content).toBe("x".repeat(100));
    await pass(10 * FRAME);
    expect(mine).toHaveBeenCalledTimes(1);
    expect(other).not.toHaveBeenCalled();
  });

  it("paints nothing while hidden, once on return, and the end does not wait for it", async () => {
    create(answer());
    const wake = vi.fn();
    const onSettle = vi.fn();
    live.subscribeMessage("answer", wake);
    live.listen({ onSettle });
    hide(true);
    stream(10_000);
    update(settled({ content: "x".repeat(10_000) }));
    await pass(500);
    expect(wake).not.toHaveBeenCalled();
    expect(onSettle).toHaveBeenCalledTimes(1);
    hide(false);
    expect(wake).toHaveBeenCalledTimes(1);
    expect(live.message("answer")).toMatchObject({ status: "complete", content_length: 10_000 });
  });

  it("gives a component the text of the last frame", async () => {
    const wrapper = ({ children }: { children: ReactNode }) => (
      <FeedContext value={makeFeed({ live })}>{children}</FeedContext>
    );
    create(answer());
    const message = renderHook(() => useLiveMessage("answer"), { wrapper });
    const running = renderHook(() => useRunningIds("chat"), { wrapper });
    expect(running.result.current).toEqual(["answer"]);
    await act(async () => {
      stream(3);
      await pass(FRAME);
    });
    expect(message.result.current?.content).toBe("xxx");
    act(() => update(settled({ content: "xxx" })));
    expect(running.result.current).toEqual([]);
  });
});

describe("what listeners hear", () => {
  it("tells of each new message and each end once, whatever is repeated", () => {
    const [onAppear, onSettle] = [vi.fn(), vi.fn()];
    live.listen({ onAppear, onSettle });
    create(answer());
    create(answer());
    stream(2);
    update(settled({ content: "xx" }));
    update(settled({ content: "xx" }));
    create(answer());
    live.reconcile([settled({ content: "xx" })]);
    expect(onAppear).toHaveBeenCalledTimes(1);
    expect(onSettle).toHaveBeenCalledTimes(1);
  });

  it("does not call a message of a fetched page new, and keeps settled ones out", () => {
    const onAppear = vi.fn();
    live.listen({ onAppear });
    live.reconcile([settled({ id: "old" }), answer({ content: "so far" })]);
    expect(onAppear).not.toHaveBeenCalled();
    expect(live.message("old")).toBeUndefined();
    expect(live.message("answer")?.content).toBe("so far");
  });

  it("learns the end of an answer from a fetched page", () => {
    const onSettle = vi.fn();
    live.listen({ onSettle });
    create(answer());
    live.reconcile([settled({ content: "all" })]);
    expect(onSettle).toHaveBeenCalledTimes(1);
    expect(live.running("chat")).toEqual([]);
  });
});

describe("repair", () => {
  it("fetches a message with a gap soon, and goes on with what had waited", async () => {
    create(answer());
    live.receive([delta(4, "ef")]);
    live.receive([delta(6, "gh")]);
    server.set("answer", answer({ content: "abcd" }));
    await pass(150);
    expect(asked).toEqual(["answer"]);
    await pass(FRAME);
    expect(live.message("answer")?.content).toBe("abcdefgh");
    await pass(3_000);
    expect(asked).toHaveLength(1);
  });

  it("does not ask when the missing delta was only late", async () => {
    create(answer());
    live.receive([delta(2, "cd")]);
    await pass(100);
    live.receive([delta(0, "ab")]);
    await pass(1_000);
    expect(asked).toEqual([]);
  });

  it("asks on without slowing down while each answer closes one gap and leaves another", async () => {
    create(answer());
    for (let end = 20; end <= 100; end += 20) {
      live.receive([delta(end, "x")]);
      server.set("answer", answer({ content: "x".repeat(end - 10), content_length: end - 10 }));
      await pass(150);
    }
    expect(asked).toHaveLength(5);
  });

  it("asks on, more and more slowly, until the gap is closed", async () => {
    create(answer());
    server.set("answer", answer());
    live.receive([delta(4, "ef")]);
    await pass(3_000);
    expect(asked.length).toBeGreaterThanOrEqual(3);
    expect(asked.length).toBeLessThanOrEqual(6);
    server.set("answer", answer({ content: "abcdef" }));
    await pass(5_000);
    expect(live.message("answer")?.content).toBe("abcdef");
  });

  it("heals a lost last event by asking for a running message that fell silent", async () => {
    create(answer());
    stream(2);
    server.set("answer", settled({ content: "xx" }));
    await pass(4_900);
    expect(asked).toEqual([]);
    await pass(1_200);
    expect(asked).toEqual(["answer"]);
    expect(live.running("chat")).toEqual([]);
    await pass(60_000);
    expect(asked).toHaveLength(1);
  });

  it("asks for a silent message ever more rarely, every 15 s at last", async () => {
    create(answer({ status: "queued" }));
    server.set("answer", answer({ status: "queued" }));
    await pass(31_500);
    expect(asked).toHaveLength(3);
    await pass(30_000);
    expect(asked).toHaveLength(5);
  });

  it("does not ask while the message is heard", async () => {
    create(answer());
    for (let second = 0; second < 20; second++) {
      stream(1, second);
      await pass(1_000);
    }
    expect(asked).toEqual([]);
  });

  it("brings in a message of which only a delta was heard", async () => {
    const onAppear = vi.fn();
    live.listen({ onAppear });
    live.receive([delta(3, "lo")]);
    server.set("answer", answer({ content: "Hel" }));
    await pass(200);
    expect(onAppear).toHaveBeenCalledTimes(1);
    expect(live.message("answer")?.content).toBe("Hello");
  });

  it("fetches whatever runs after a gap, and tries on until it has it", async () => {
    create(answer());
    create(answer({ id: "settled", status: "complete" }));
    live.gap();
    asked = [];
    await pass(150);
    expect(asked).toEqual(["answer"]);
    server.set("answer", answer({ content: "xx" }));
    create(answer());
    live.gap();
    await pass(3_000);
    expect(live.message("answer")?.content).toBe("xx");
    expect(asked).toEqual(["answer", "answer"]);
  });

  it("forgets a message that is gone", async () => {
    create(answer());
    await pass(6_500);
    expect(live.message("answer")).toBeUndefined();
    expect(live.running("chat")).toEqual([]);
    await pass(60_000);
    expect(asked).toHaveLength(1);
  });
});

describe("a stop click", () => {
  it("freezes the text, and goes on when the stop did not arrive", async () => {
    create(answer());
    stream(2);
    live.mute("answer");
    stream(3, 2);
    await pass(FRAME);
    expect(live.message("answer")?.content).toBe("xx");
    server.set("answer", answer({ content: "xxxxx" }));
    live.unmute("answer");
    await pass(FRAME);
    stream(1, 5);
    await pass(FRAME);
    expect(live.message("answer")?.content).toBe("xxxxxx");
  });
});

describe("memory", () => {
  it("does not grow with answers that have ended", () => {
    for (let index = 0; index < 2_000; index++) {
      create(answer({ id: `${index}` }));
      update(settled({ id: `${index}` }));
    }
    expect(live.message("0")).toBeUndefined();
    expect(live.message("1999")).toBeDefined();
  });

  it("forgets the messages of a deleted chat", () => {
    create(answer());
    live.forgetChat("chat");
    expect(live.message("answer")).toBeUndefined();
    expect(live.running("chat")).toEqual([]);
  });
});

describe("turns that wait", () => {
  const turn = answer({ id: "turn", role: "user", status: "complete", content: "Go on", rev: 0 });
  const waiting = answer({ id: "waiting", parent: "turn", status: "queued" });

  it("tells of one that was edited elsewhere, once its text is here", async () => {
    const onChange = vi.fn();
    live.listen({ onChange });
    create(turn);
    const edited = { ...turn, content: "Go up", rev: 1, version: 3 };
    server.set("turn", edited);
    update(edited);
    expect(onChange).not.toHaveBeenCalled();
    await pass(1_000);
    expect(onChange.mock.calls).toEqual([[edited]]);
  });

  it("forgets one that was withdrawn, with its answer, and what comes late finds nothing", async () => {
    const onGone = vi.fn();
    live.listen({ onGone });
    create(turn);
    create(waiting);
    for (const { id, chat } of [turn, waiting])
      live.receive([{ type: "message.deleted", message: { id, chat } }]);
    expect(live.running("chat")).toEqual([]);
    expect(onGone).toHaveBeenCalledTimes(2);
    await pass(60_000);
    expect(asked).toEqual([]);
  });

  it("finds out that one is gone where it was not told", async () => {
    const onGone = vi.fn();
    live.listen({ onGone });
    create(waiting);
    await pass(10_000);
    expect(onGone).toHaveBeenCalledTimes(1);
    expect(live.running("chat")).toEqual([]);
  });
});
