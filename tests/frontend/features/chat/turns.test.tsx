import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { ReactNode } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RenderersContext, type TextPart } from "@/features/chat/turns/parts";
import { Turn } from "@/features/chat/turns/turn";
import { useStop } from "@/features/chat/use-stop";
import type { Message } from "@/shared/api/types";
import { LiveStore } from "@/shared/events/live";
import { FeedContext } from "@/shared/events/use-live";
import { makeChat } from "../../fake-server";
import { makeFeed } from "../../feed";
import { answer, delta, settled } from "../../shared/events/messages";

let live: LiveStore;
let replies: Record<string, unknown>;
let asked: string[];
let bodies: unknown[];

beforeEach(() => {
  live = new LiveStore({ fetchMessage: () => Promise.reject(new Error("The network is gone.")) });
  replies = {};
  asked = [];
  bodies = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    const call = `${request.method} ${new URL(request.url).pathname}`;
    asked.push(call);
    if (request.method === "POST") bodies.push(await request.json().catch(() => null));
    if (!(call in replies)) throw new TypeError("The network is gone.");
    return Response.json(replies[call]);
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function Page({ children }: { children: ReactNode }) {
  return (
    <QueryClientProvider
      client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}
    >
      <FeedContext value={makeFeed({ live })}>{children}</FeedContext>
    </QueryClientProvider>
  );
}

it("shows each kind of part by the renderer that the host has for it", () => {
  const Thought = ({ message, text, isGrowing }: TextPart) => (
    <p>{`${message.model}: ${text.toUpperCase()}${isGrowing ? "…" : "!"}`}</p>
  );
  const Broken = ({ text }: TextPart) => {
    if (text.length < 5) throw new Error("a renderer of the host");
    return <b>{text}</b>;
  };
  vi.spyOn(console, "error").mockImplementation(() => {});
  const renderers = { content: Broken, reasoning: Thought };
  const turn = (content: string) => (
    <RenderersContext value={renderers}>
      <Turn message={settled({ model: "m", reasoning: "hm", content })} isLast />
    </RenderersContext>
  );
  const { rerender } = render(turn("Yes."), { wrapper: Page });
  expect(screen.getByText("m: HM!").tagName).toBe("P");
  expect(screen.getByText("Yes.").tagName).toBe("P");
  rerender(turn("Yes, of course."));
  expect(screen.getByText("Yes, of course.").tagName).toBe("B");
});

const show = (message: Message) => render(<Turn message={message} isLast />, { wrapper: Page });

describe("an answer", () => {
  it.each<[string, Partial<Message>]>([
    [
      "The answer failed.",
      {
        status: "failed",
        content: "half",
        error: { code: "provider_error", detail: "The provider had an error." },
      },
    ],
    ["Stopped.", { status: "stopped", content: "half" }],
    ["The answer was cut short.", { finish_reason: "length", content: "half" }],
    ["The answer was held back.", { finish_reason: "content_filter" }],
    ["The model asked for a tool.", { finish_reason: "tool_calls" }],
    ["No answer came.", { content: "" }],
  ])("says at its place “%s”, keeps the text and offers the way on", async (title, change) => {
    replies["POST /api/messages/answer/regenerate/"] = answer({ id: "again" });
    show(settled(change));
    expect(screen.getByText(title)).toBeTruthy();
    if (change.content) expect(screen.getByText(change.content)).toBeTruthy();
    screen.getByRole("button", { name: "Try again" }).click();
    await waitFor(() => expect(asked).toContain("POST /api/messages/answer/regenerate/"));
    expect(live.running("chat")).toEqual(["again"]);
  });

  it("says that it still waits while nothing comes, below the text too", () => {
    vi.useFakeTimers();
    const message = answer({ content: "Well, " });
    live.reconcile([message]);
    show(message);
    act(() => void vi.advanceTimersByTime(2_900));
    expect(screen.queryByText("Waiting for demo")).toBeNull();
    act(() => void vi.advanceTimersByTime(200));
    expect(screen.getByText("Waiting for demo")).toBeTruthy();
    act(() => live.receive([delta(6, "yes.")]));
    act(() => void vi.advanceTimersByTime(100));
    expect(screen.queryByText("Waiting for demo")).toBeNull();
  });

  it("says when a busy provider is asked again, also below an older text", async () => {
    vi.useFakeTimers({ now: new Date(2026, 0, 5, 14, 5, 0) });
    const retry_at = new Date(2026, 0, 5, 14, 5, 7).toISOString();
    show(answer({ status: "queued", content: "half", retry_at }));
    expect(screen.getByText(/Trying again at .*05:07/)).toBeTruthy();
    act(() => void vi.advanceTimersByTime(7_000));
    expect(screen.queryByText(/Trying again at/)).toBeNull();
    expect(screen.getByText(/Trying again\./)).toBeTruthy();
  });

  it("says after which time of the reader's clock a busy provider may be asked again", () => {
    const tomorrow = new Date(Date.now() + 86_400_000);
    const error = { code: "rate_limited", detail: "Try again after 2026-01-05 13:05:07 UTC." };
    show(settled({ status: "failed", error, retry_at: tomorrow.toISOString() }));
    const words = tomorrow.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
    expect(screen.getByText(/Try again after/).textContent).toContain(words);
  });

  it.each<[RegExp, Partial<Message>]>([
    [/came to no answer/, { reasoning: "Hm." }],
    [/before it came to an answer/, { reasoning: "Hm.", finish_reason: "length" }],
  ])("says “%s” of thoughts without an answer", (words, change) => {
    show(settled(change));
    expect(screen.getByText(words)).toBeTruthy();
    expect(screen.getByText("Hm.")).toBeTruthy();
  });

  it("has nothing to say when it is whole", () => {
    show(settled({ content: "All of it." }));
    expect(screen.queryByRole("button", { name: "Try again" })).toBeNull();
    expect(screen.getByRole("button", { name: "Answer again" })).toBeTruthy();
  });

  it("says so when the new answer could not be started", async () => {
    show(settled({ status: "stopped", content: "half" }));
    screen.getByRole("button", { name: "Try again" }).click();
    expect(
      (await screen.findAllByText(/could not be started. The server cannot be reached/)).length,
    ).toBe(1);
  });

  it("shows its text as it grows, without its row being given another message", async () => {
    const message = answer();
    live.reconcile([message]);
    show(message);
    act(() => live.receive([delta(0, "Hello **wor")]));
    await waitFor(() => expect(document.querySelector("strong")?.textContent).toBe("wor"));
  });

  it("has a heading and is marked as busy while it grows", () => {
    show(answer({ content: "so far" }));
    const article = screen.getByRole("article", { name: "Answer by demo" });
    expect(article.getAttribute("aria-busy")).toBe("true");
    expect(screen.getByRole("heading", { name: "Answer by demo" })).toBeTruthy();
  });

  it("keeps thoughts folded", () => {
    show(settled({ content: "Yes.", reasoning: "Let me think." }));
    expect(screen.getByText("Let me think.").closest("details")?.open).toBe(false);
  });

  it.each<[string, number | null]>([
    ["Thoughts", null],
    ["Thought for a moment", 300],
    ["Thought for 12 s", 12_400],
    ["Thought for 2 min 5 s", 125_000],
  ])("says “%s” where that is how long it took", (words, reasoning_ms) => {
    show(settled({ content: "Yes.", reasoning: "Let me think.", reasoning_ms }));
    expect(screen.getByText(words)).toBeTruthy();
  });
});

describe("an answer that was cut short", () => {
  it.each<[string, Partial<Message>]>([
    ["stopped", { status: "stopped", content: "half" }],
    ["failed", { status: "failed", content: "half" }],
    ["too long", { finish_reason: "length", content: "half" }],
  ])("goes on when it was %s", async (_, change) => {
    replies["POST /api/messages/answer/continue/"] = answer({ id: "rest", content: "half" });
    show(settled(change));
    act(() => screen.getByRole("button", { name: "Continue" }).click());
    await waitFor(() => expect(live.running("chat")).toEqual(["rest"]));
    expect(bodies.at(-1)).toHaveProperty("id");
  });

  it.each<[string, Partial<Message>]>([
    ["without a word", { status: "stopped", content: "" }],
    ["whole", { content: "All of it." }],
    ["filtered", { finish_reason: "content_filter", content: "half" }],
    ["running", { status: "streaming", content: "half" }],
  ])("does not go on when it is %s", (_, change) => {
    show(settled(change));
    expect(screen.queryByRole("button", { name: "Continue" })).toBeNull();
  });

  it("is asked for once, and under the same id when it is asked for again", async () => {
    show(settled({ status: "stopped", content: "half" }));
    const button = screen.getByRole("button", { name: "Continue" });
    act(() => button.click());
    expect(await screen.findByText(/could not be started/)).toBeTruthy();
    act(() => button.click());
    await waitFor(() => expect(bodies).toHaveLength(2));
    expect(bodies[1]).toEqual(bodies[0]);
  });

  it("breathes until its first word, though it has text already", async () => {
    const dot = () => document.querySelector(".animate-breathe");
    const waiting = answer({ status: "queued", content: "half" });
    live.reconcile([waiting]);
    show(waiting);
    expect(dot()).toBeTruthy();
    act(() => live.reconcile([{ ...waiting, status: "streaming", version: 3 }]));
    await waitFor(() => expect(live.message("answer")?.status).toBe("streaming"));
    await act(() => new Promise<void>((painted) => requestAnimationFrame(() => painted())));
    expect(dot()).toBeTruthy();
    act(() => live.receive([delta(4, " and whole")]));
    await waitFor(() => expect(screen.getByText("half and whole")).toBeTruthy());
    expect(dot()).toBeNull();
  });

  it("says that it waits for its turn, below the text it has", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    replies["GET /api/status/"] = { workers: 1 };
    show(answer({ status: "queued", content: "half" }));
    await act(async () => vi.advanceTimersByTimeAsync(3_100));
    expect(screen.getByText("half")).toBeTruthy();
    expect(screen.getByText("Waiting for demo")).toBeTruthy();
  });
});

describe("the versions of an answer", () => {
  const showOneOf = (...siblings: string[]) =>
    render(<Turn message={settled({ content: "Yes." })} siblings={siblings} isLast />, {
      wrapper: Page,
    });

  it("are counted and reached by buttons that have names", () => {
    showOneOf("first", "answer", "third");
    expect(screen.getByRole("group", { name: "Version 2 of 3" }).textContent).toContain("2 / 3");
    for (const name of ["Previous version", "Next version"])
      expect(screen.getByRole("button", { name }).hasAttribute("disabled")).toBe(false);
  });

  it("end where there are no more", () => {
    showOneOf("answer", "second");
    expect(screen.getByRole("button", { name: "Previous version" }).hasAttribute("disabled")).toBe(
      true,
    );
  });

  it("are shown by the server, which is asked once", async () => {
    replies["POST /api/messages/second/show/"] = makeChat({ id: "chat", current_leaf: "second" });
    replies["GET /api/chats/chat/messages/"] = {
      results: [settled({ id: "second" })],
      siblings: {},
      before: null,
      after: null,
    };
    showOneOf("answer", "second");
    const next = screen.getByRole("button", { name: "Next version" });
    act(() => next.click());
    act(() => next.click());
    await waitFor(() => expect(asked).toContain("GET /api/chats/chat/messages/"));
    expect(asked.filter((call) => call.startsWith("POST"))).toHaveLength(1);
  });

  it("say so when one cannot be shown", async () => {
    showOneOf("answer", "second");
    act(() => screen.getByRole("button", { name: "Next version" }).click());
    expect((await screen.findByRole("alert")).textContent).toContain("could not be shown");
  });

  it("may come from another model", async () => {
    replies["GET /api/models/"] = { results: [{ id: "demo" }, { id: "other" }], default: "demo" };
    replies["POST /api/messages/answer/regenerate/"] = answer({ id: "again", model: "other" });
    show(settled({ content: "Yes." }));
    expect(asked).toEqual([]);
    const user = userEvent.setup();
    await user.click(screen.getByRole("button", { name: "Answer again by another model" }));
    await user.click(await screen.findByRole("menuitem", { name: "other" }));
    await waitFor(() => expect(asked).toContain("POST /api/messages/answer/regenerate/"));
    expect(bodies.at(-1)).toMatchObject({ model: "other" });
  });
});

describe("a waiting answer", () => {
  it("is a dot at first, words after 3 s, and says when no worker listens", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    replies["GET /api/status/"] = { workers: 0 };
    show(answer({ status: "queued" }));
    expect(screen.queryByText("Waiting for demo")).toBeNull();
    await act(async () => vi.advanceTimersByTimeAsync(2_900));
    expect(asked).toEqual([]);
    await act(async () => vi.advanceTimersByTimeAsync(200));
    expect(await screen.findByText("No worker is listening.")).toBeTruthy();
  });

  it("waits for the model once a worker has it", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    show(answer({ status: "streaming" }));
    await act(async () => vi.advanceTimersByTimeAsync(3_100));
    expect(screen.getByText("Waiting for demo")).toBeTruthy();
    expect(asked).toEqual([]);
  });
});

describe("a question", () => {
  it("is folded when it is long, and shown as it was written", async () => {
    const text = Array.from({ length: 30 }, (_, line) => `line ${line} <b>*as is*</b>`).join("\n");
    show(settled({ id: "question", role: "user", content: text }));
    const button = screen.getByRole("button", { name: "Show all" });
    expect(document.body.textContent).toContain("line 29 <b>*as is*</b>");
    act(() => button.click());
    expect(screen.getByRole("button", { name: "Show less" }).getAttribute("aria-expanded")).toBe(
      "true",
    );
  });
});

describe("stop", () => {
  function Stopper() {
    const { running, stop } = useStop("chat");
    return (
      <button type="button" onClick={() => stop([])}>
        {running ? "running" : "idle"}
      </button>
    );
  }

  it("is felt at once, and settles with the server's text", async () => {
    live.reconcile([answer({ content: "one two" })]);
    replies["POST /api/messages/answer/stop/"] = settled({ status: "stopped", content: "one two" });
    render(<Stopper />, { wrapper: Page });
    act(() => screen.getByRole("button", { name: "running" }).click());
    expect(screen.getByRole("button", { name: "idle" })).toBeTruthy();
    live.receive([delta(7, " three")]);
    await waitFor(() => expect(live.running("chat")).toEqual([]));
    expect(live.message("answer")?.content).not.toContain("three");
  });

  it("goes on when the stop did not reach the server", async () => {
    live.reconcile([answer({ content: "one two" })]);
    render(<Stopper />, { wrapper: Page });
    act(() => screen.getByRole("button", { name: "running" }).click());
    expect(await screen.findByRole("button", { name: "running" })).toBeTruthy();
  });
});
