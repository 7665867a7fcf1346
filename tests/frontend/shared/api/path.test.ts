import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { makeQueryClient } from "@/app/query-client";
import { chatKey } from "@/shared/api/chats";
import { onSignedOut } from "@/shared/api/client";
import {
  flatMessages,
  type Messages,
  mergeMessages,
  messagesKey,
  messagesQuery,
} from "@/shared/api/messages";
import { followLeaf, openPath, placeSent, showKey } from "@/shared/api/path";
import type { Message, MessagePage } from "@/shared/api/types";
import { FakeServer, makeChat, makeMessage } from "../../fake-server";

const key = messagesKey("chat-1");
const LIST = "GET /api/chats/*/messages/";
const message = (id: string, parent: string | null, rest: Partial<Message> = {}) =>
  makeMessage({ id, parent, ...rest });
const page = (results: Message[], rest: Partial<MessagePage> = {}): MessagePage => ({
  results,
  siblings: {},
  before: null,
  after: null,
  ...rest,
});

let client: QueryClient;
let server: FakeServer;
beforeEach(() => {
  client = new QueryClient();
  server = new FakeServer();
  client.setQueryData<Messages>(key, {
    pages: [
      page([message("q1", null), message("a1", "q1")]),
      page([message("q2", "a1"), message("a2", "q2")], { before: "q2" }),
    ],
    pageParams: [{ before: "q2" }, {}],
  });
});
afterEach(() => {
  onSignedOut(() => {});
  vi.unstubAllGlobals();
});

const cached = () => client.getQueryData<Messages>(key);
const path = () => flatMessages(cached()).map(({ id }) => id);
const gives = (...results: Message[]) => server.on(LIST, () => ({ body: page(results) }));

it("joins a page to what leads to it, and keeps what was loaded above", async () => {
  gives(message("q2", "a1"), message("a2b", "q2"));
  await openPath(client, "chat-1", { around: "a2b" });
  expect(path()).toEqual(["q1", "a1", "q2", "a2b"]);
  gives(message("q2b", "a1"), message("a2c", "q2b"));
  await openPath(client, "chat-1");
  expect(path()).toEqual(["q1", "a1", "q2b", "a2c"]);
  expect(cached()?.pageParams).toEqual([{ before: "q2" }, {}]);
});

it("opens a page alone where nothing that is loaded leads to it", async () => {
  server.on(LIST, () => ({
    body: page([message("q7", "a6")], { before: "q7", after: "q7" }),
  }));
  await openPath(client, "chat-1", { around: "q7" });
  expect(cached()?.pages.map(({ before, after }) => [before, after])).toEqual([["q7", "q7"]]);
  expect(cached()?.pageParams).toEqual([{ around: "q7" }]);
});

it("reads the page again where something came while it was on its way", async () => {
  server.on(LIST, () => {
    const isFirst = server.asked(LIST).length === 1;
    if (isFirst) mergeMessages(client, "chat-1", [message("q3", "a2")], { grow: true });
    return {
      body: page([message("a2", "q2"), ...(isFirst ? [] : [message("q3", "a2")])]),
    };
  });
  await openPath(client, "chat-1");
  expect(server.asked(LIST)).toHaveLength(2);
  expect(path().at(-1)).toBe("q3");
});

it("follows a chat whose current leaf is elsewhere, but not its own change of it", async () => {
  gives(message("q1", null), message("a1b", "q1"));
  client.setQueryData(chatKey("chat-1"), makeChat({ current_leaf: "a2" }));
  followLeaf(client, "chat-1");
  expect(server.asked(LIST)).toHaveLength(0);

  client.setQueryData(chatKey("chat-1"), makeChat({ current_leaf: "a1b" }));
  let release = () => {};
  const ours = client.getMutationCache().build(client, {
    mutationKey: showKey("chat-1"),
    mutationFn: () => new Promise<void>((resolve) => (release = resolve)),
  });
  const done = ours.execute(undefined);
  followLeaf(client, "chat-1");
  expect(server.asked(LIST)).toHaveLength(0);
  await vi.waitFor(() => release());
  release();
  await done;

  followLeaf(client, "chat-1");
  await vi.waitFor(() => expect(path()).toEqual(["q1", "a1b"]));
});

it("reads what a turn stands beside only where that is not known", async () => {
  const sent = { message: message("q2b", "a1"), answer: message("a2b", "q2b"), branched: true };
  placeSent(client, "chat-1", sent);
  expect(path()).toEqual(["q1", "a1", "q2b", "a2b"]);
  expect(server.asked(LIST)).toHaveLength(0);

  server.on(LIST, () => ({
    body: page([message("q3", "a2b"), message("a3", "q3")], { siblings: { q3: ["other", "q3"] } }),
  }));
  placeSent(client, "chat-1", {
    message: message("q3", "a2b"),
    answer: message("a3", "q3"),
    branched: true,
  });
  await vi.waitFor(() => expect(cached()?.pages.at(-1)?.siblings.q3).toEqual(["other", "q3"]));
});

it("opens the end of the chat where a loaded place is not on the path any more", async () => {
  client = makeQueryClient();
  client.setQueryData<Messages>(key, {
    pages: [page([message("q2", "a1")], { before: "q2" })],
    pageParams: [{ around: "q2" }],
  });
  server.on(LIST, ({ query }) =>
    query.has("around")
      ? {
          status: 400,
          body: {
            code: "invalid",
            detail: "Check the marked fields.",
            fields: { around: [{ code: "not_shown", detail: "Not on the path." }] },
          },
        }
      : { body: page([message("q1b", null), message("a1b", "q1b")]) },
  );
  await client
    .fetchInfiniteQuery({ ...messagesQuery("chat-1"), staleTime: 0 })
    .catch(() => undefined);
  await vi.waitFor(() => expect(path()).toEqual(["q1b", "a1b"]));
});
