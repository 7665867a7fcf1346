import { waitFor } from "@testing-library/react";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { ApiError } from "@/shared/api/error";
import type { SentMessage } from "@/shared/api/types";
import { readDraft, returnToDraft, writeDraft } from "@/shared/drafts";
import { clearOutbox, Outbox, type Outgoing } from "@/shared/outbox/outbox";
import { makeMessage } from "../../fake-server";

afterEach(() => vi.restoreAllMocks());

const turn = (id: string, change: Partial<Outgoing> = {}): Outgoing => ({
  id,
  chat: "chat",
  content: `Turn ${id}`,
  parent: "leaf",
  ...change,
});
const confirmed = ({ id, content }: Outgoing): SentMessage => ({
  message: makeMessage({ id, content }),
  answer: makeMessage({ id: `answer-to-${id}` }),
  branched: false,
});
const unreachable = () => new ApiError(0, "unreachable", "Nobody there.");

/** A tab's outbox, and what it has tried to deliver. */
function openTab(answer: (turn: Outgoing) => Promise<SentMessage> | SentMessage = confirmed) {
  const tried: Outgoing[] = [];
  const outbox = new Outbox({
    user: "7",
    deliver: async (outgoing) => {
      tried.push(outgoing);
      return answer(outgoing);
    },
    onRefused: (outgoing) => returnToDraft("7", outgoing),
  });
  const close = outbox.open();
  onTestFinished(close);
  return { outbox, tried, close };
}
type Tab = ReturnType<typeof openTab>;
/** Nothing is left, after so many attempts. */
const emptied = ({ outbox, tried }: Tab, attempts: number) =>
  waitFor(() => {
    expect(tried).toHaveLength(attempts);
    expect(outbox.items).toEqual([]);
  });
const held = ({ outbox }: Tab) => waitFor(() => expect(outbox.problem?.code).toBe("unreachable"));
const hangs = () => new Promise<never>(() => {});

describe("turns on their way", () => {
  it("go out one by one, each after the answer to the one before", async () => {
    const tab = openTab();
    await Promise.all(["1", "2", "3"].map((id) => tab.outbox.add(turn(id))));
    await emptied(tab, 3);
    await tab.outbox.add(turn("4"));
    await emptied(tab, 4);
    expect(tab.tried.map(({ id, parent }) => [id, parent])).toEqual([
      ["1", "leaf"],
      ["2", "answer-to-1"],
      ["3", "answer-to-2"],
      ["4", "answer-to-3"],
    ]);
  });

  it("outlive the tab, in order, with what the first has led to", async () => {
    const first = openTab((outgoing) => (outgoing.id === "1" ? confirmed(outgoing) : hangs()));
    for (const id of ["1", "2", "3"]) await first.outbox.add(turn(id));
    await waitFor(() => expect(first.tried).toHaveLength(2));
    first.close();
    const second = openTab();
    await emptied(second, 2);
    expect(second.tried.map(({ id, parent }) => [id, parent])).toEqual([
      ["2", "answer-to-1"],
      ["3", "answer-to-2"],
    ]);
  });

  it("wait while nobody is there, and go when somebody is", async () => {
    let isThere = false;
    const tab = openTab((outgoing) => {
      if (!isThere) throw unreachable();
      return confirmed(outgoing);
    });
    await tab.outbox.add(turn("1"));
    await held(tab);
    isThere = true;
    window.dispatchEvent(new Event("online"));
    await waitFor(() => expect(tab.outbox.items).toEqual([]));
    expect(tab.outbox.problem).toBeUndefined();
  });

  it("are tried again at once where that was asked for during an attempt that fails", async () => {
    let fail: (() => void) | undefined;
    const tab = openTab((outgoing) =>
      fail
        ? confirmed(outgoing)
        : new Promise((_, reject) => {
            fail = () => reject(unreachable());
          }),
    );
    await tab.outbox.add(turn("1"));
    await waitFor(() => expect(tab.tried).toHaveLength(1));
    tab.outbox.wake();
    fail?.();
    // By itself it would wait for two seconds.
    await waitFor(() => expect(tab.tried).toHaveLength(2), { timeout: 1_000 });
  });

  it("stay where the session has ended, for whoever signs in next as the same person", async () => {
    const tab = openTab(() => {
      throw new ApiError(401, "not_authenticated", "Sign in.");
    });
    await tab.outbox.add(turn("1"));
    await waitFor(() => expect(tab.outbox.problem).toBeDefined());
    tab.close();
    const after = openTab();
    await emptied(after, 1);
    expect(after.tried).toMatchObject([{ id: "1" }]);
  });

  it("are told to the other tab, and are forgotten at logout", async () => {
    const [one, other] = [openTab(hangs), openTab(hangs)];
    await one.outbox.add(turn("1"));
    await waitFor(() => expect(other.outbox.items).toMatchObject([{ id: "1" }]));
    one.close();
    other.close();
    await clearOutbox("7");
    const after = openTab();
    await after.outbox.add(turn("2"));
    await emptied(after, 1);
    expect(after.tried.map(({ id }) => id)).toEqual(["2"]);
  });
});

describe("a turn that leaves the outbox", () => {
  const refusal = () => {
    throw new ApiError(400, "invalid", "Not like this.");
  };

  it("goes back where it was written, and lets the next one go", async () => {
    const onRefused = vi.fn();
    const tab = openTab((outgoing) => (outgoing.id === "1" ? refusal() : confirmed(outgoing)));
    tab.outbox.listen("chat", { onRefused });
    await Promise.all(["1", "2"].map((id) => tab.outbox.add(turn(id))));
    await emptied(tab, 2);
    expect(onRefused).toHaveBeenCalledTimes(1);
    expect(tab.tried[1]).toMatchObject({ id: "2", parent: "leaf" });
  });

  it("becomes a draft, before what stands there, where its chat is not open", async () => {
    writeDraft("7", "chat", { text: "half a thought" });
    const tab = openTab(refusal);
    await tab.outbox.add(turn("1"));
    await emptied(tab, 1);
    expect(readDraft("7", "chat").text).toBe("Turn 1\n\nhalf a thought");
    await tab.outbox.add(turn("2", { chat: "made-never", title: "New" }));
    await emptied(tab, 2);
    expect(readDraft("7", "new")).toEqual({ text: "Turn 2", id: "2" });
  });

  it("is taken back once, and is not sent any more", async () => {
    const tab = openTab(() => {
      throw unreachable();
    });
    await tab.outbox.add(turn("1"));
    await held(tab);
    expect(await tab.outbox.takeBack("1")).toMatchObject({ content: "Turn 1" });
    expect(await tab.outbox.takeBack("1")).toBeUndefined();
    const after = openTab();
    await after.outbox.add(turn("2"));
    await emptied(after, 1);
    expect(after.tried.map(({ id }) => id)).toEqual(["2"]);
  });

  it("is not let go of by its writer before it is sent, where nothing can be kept", async () => {
    vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(() => {
      throw new DOMException("full", "QuotaExceededError");
    });
    let send = () => {};
    const tab = openTab(
      (outgoing) => new Promise((resolve) => (send = () => resolve(confirmed(outgoing)))),
    );
    const isKept = vi.fn();
    const kept = tab.outbox.add(turn("1")).then(isKept);
    await waitFor(() => expect(tab.tried).toHaveLength(1));
    expect(isKept).not.toHaveBeenCalled();
    send();
    await kept;
    await emptied(tab, 1);
  });
});
