import type { Request } from "@playwright/test";
import { finish, type Step, says } from "./provider";
import { expect, openScripted, test } from "./test";

const BUDGET = 250 * 1024;

test("the first load of the page weighs at most 250 KiB on the wire", async ({
  page,
  person: _,
}) => {
  const loads: Request[] = [];
  page.on("requestfinished", (request) => loads.push(request));
  await page.goto("/");
  await expect(page.getByText("What would you like to know?")).toBeVisible();
  await page.waitForLoadState("networkidle");

  const weights = await Promise.all(loads.map((request) => request.sizes()));
  expect(weights.length).toBeGreaterThan(3);
  expect(
    weights.reduce((sum, { responseBodySize }) => sum + responseBodySize, 0),
  ).toBeLessThanOrEqual(BUDGET);
});

const PER_EVENT = 130;

test("an answer weighs at most three times its text on the socket, and a little for each event", async ({
  api,
  chat,
  page,
}) => {
  const heard = { bytes: 0, events: 0 };
  page.on("websocket", (socket) =>
    socket.on("framereceived", ({ payload }) => {
      heard.bytes += Buffer.byteLength(payload);
      heard.events += [JSON.parse(String(payload))].flat().length;
    }),
  );
  const asked: string[] = [];
  const tokens = Array.from({ length: 1_000 }, (_, at) => `Wörter ${at} und mehr. `);
  const steps = tokens.flatMap((token): Step[] => [says(token), { delay: 0.005 }]);
  await openScripted({ api, chat }, [...steps, ...finish()]);
  await chat.send("Write");
  await expect(chat.answer).toContainText("Wörter 0");
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await expect(chat.answer).toContainText("999");
  await chat.expectSettled();
  const text = Buffer.byteLength(tokens.join(""));
  expect(heard.events).toBeGreaterThan(100);
  expect(asked.filter((path) => path.includes("/messages/"))).toEqual([]);
  expect(heard.bytes).toBeLessThanOrEqual(3 * text + PER_EVENT * heard.events);
});
