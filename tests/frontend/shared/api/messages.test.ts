import { QueryClient } from "@tanstack/react-query";
import { beforeEach, describe, expect, it } from "vitest";
import {
  beginPath,
  flatMessages,
  leafOf,
  type Messages,
  mergeMessages,
  messagesKey,
  siblingsOf,
} from "@/shared/api/messages";
import type { Message } from "@/shared/api/types";
import { makeMessage } from "../../fake-server";

const key = messagesKey("chat-1");
const at = (minute: number) => `2026-01-15T12:${String(minute).padStart(2, "0")}:00Z`;
const message = (id: string, parent: string | null, rest: Partial<Message> = {}) =>
  makeMessage({ id, parent, created_at: at(1), ...rest });

let client: QueryClient;
beforeEach(() => {
  client = new QueryClient();
  client.setQueryData<Messages>(key, {
    pages: [
      {
        results: [message("q1", null), message("a1", "q1")],
        siblings: {},
        before: null,
        after: "a1",
      },
      {
        results: [message("q2", "a1"), message("a2", "q2")],
        siblings: {},
        before: "q2",
        after: null,
      },
    ],
    pageParams: [{ before: "q2" }, {}],
  });
});

const cached = () => client.getQueryData<Messages>(key);
/** Let the path go on where it is not loaded. */
const cut = () =>
  client.setQueryData<Messages>(key, (known) => {
    const [first, last] = known?.pages ?? [];
    return first && last && known ? { ...known, pages: [first, { ...last, after: "a2" }] } : known;
  });
const path = () => flatMessages(cached()).map(({ id }) => id);
const merge = (messages: Message[], options?: { grow: boolean }) =>
  mergeMessages(client, "chat-1", messages, options);

describe("the path of messages", () => {
  it("takes a newer version by its id and refuses an older one", () => {
    merge([message("a2", "q2", { version: 3, content: "three" })]);
    merge([message("a2", "q2", { version: 2, content: "two" })]);
    expect(flatMessages(cached()).at(-1)?.content).toBe("three");
  });

  it("grows by a turn and its answer, into the last page", () => {
    expect(merge([message("q3", "a2"), message("a3", "q3")], { grow: true })).toBe(true);
    expect(cached()?.pages.map((page) => page.results.length)).toEqual([2, 4]);
    expect(path()).toEqual(["q1", "a1", "q2", "a2", "q3", "a3"]);
  });

  it("replaces an answer, and what followed it, by a younger sibling", () => {
    merge([message("a1b", "q1", { created_at: at(5) })], { grow: true });
    expect(path()).toEqual(["q1", "a1b"]);
  });

  it("does not go back to an older sibling whose news comes late", () => {
    merge([message("a2b", "q2", { created_at: at(5) })], { grow: true });
    merge([message("a2", "q2", { version: 9 })], { grow: true });
    expect(path()).toEqual(["q1", "a1", "q2", "a2b"]);
  });

  it("knows the siblings of what took another's place, in the order they were made", () => {
    merge([message("a2b", "q2", { created_at: at(5) })], { grow: true });
    merge([message("a2c", "q2", { created_at: at(6) })], { grow: true });
    expect(siblingsOf(cached()).a2c).toEqual(["a2", "a2b", "a2c"]);
    merge([message("q1b", null, { created_at: at(7) })], { grow: true });
    expect(path()).toEqual(["q1b"]);
    expect(siblingsOf(cached()).q1b).toEqual(["q1", "q1b"]);
  });

  it("counts an older sibling that it learns of late, and stays where it is", () => {
    merge([message("a2c", "q2", { created_at: at(6) })], { grow: true });
    merge([message("a2b", "q2", { created_at: at(5) })], { grow: true });
    expect(path().at(-1)).toBe("a2c");
    expect(siblingsOf(cached()).a2c).toEqual(["a2", "a2b", "a2c"]);
  });

  it("does not go to a younger sibling that the reader has left, when that one settles", () => {
    client.setQueryData<Messages>(key, {
      pages: [
        {
          results: [message("q1", null), message("a1", "q1")],
          siblings: { a1: ["a1", "a1b"] },
          before: null,
          after: null,
        },
      ],
      pageParams: [{}],
    });
    expect(merge([message("a1b", "q1", { created_at: at(9), version: 7 })], { grow: true })).toBe(
      true,
    );
    expect(path()).toEqual(["q1", "a1"]);
  });

  it("ends at its leaf, unless it is loaded only in part", () => {
    expect(leafOf(cached())).toBe("a2");
    cut();
    expect(leafOf(cached())).toBeUndefined();
    expect(leafOf(undefined)).toBeUndefined();
  });

  it("leaves what comes after its loaded part to later pages, and takes a branch within it", () => {
    cut();
    expect(merge([message("q9", "a8")], { grow: true })).toBe(true);
    expect(merge([message("q3", "a2")], { grow: true })).toBe(true);
    expect(path()).toEqual(["q1", "a1", "q2", "a2"]);
    merge([message("a1b", "q1", { created_at: at(5) })], { grow: true });
    expect(path()).toEqual(["q1", "a1b"]);
    expect(leafOf(cached())).toBe("a1b");
  });

  it("says that a message whose parent is unknown has no place", () => {
    expect(merge([message("a9", "q9")], { grow: true })).toBe(false);
    expect(merge([message("q3", "a2")])).toBe(false);
    expect(path()).toHaveLength(4);
  });

  it("says so, too, when nothing is loaded", () => {
    client.removeQueries({ queryKey: key });
    expect(merge([message("q1", null)], { grow: true })).toBe(false);
    expect(cached()).toBeUndefined();
  });
});

it("begins the path of a chat that was made just now, and no other", () => {
  beginPath(client, "chat-1");
  expect(path()).toHaveLength(4);
  client.removeQueries({ queryKey: key });
  beginPath(client, "chat-1");
  merge([message("q1", null)], { grow: true });
  expect(path()).toEqual(["q1"]);
});
