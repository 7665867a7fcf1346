import { expect, it } from "vitest";
import { groupByDay } from "@/features/sidebar/groups";
import { makeChat } from "../../fake-server";

const now = new Date(2026, 2, 30, 0, 30);
const chatAt = (...date: [number, number, number, number, number]) =>
  makeChat({ active_at: new Date(...date).toISOString() });

it("groups by the reader's own days, also across midnight and a change of clocks", () => {
  const chats = [
    chatAt(2026, 2, 30, 0, 10),
    chatAt(2026, 2, 29, 23, 50),
    chatAt(2026, 2, 29, 0, 1),
    chatAt(2026, 2, 28, 23, 59),
    chatAt(2026, 2, 24, 12, 0),
    chatAt(2026, 2, 23, 12, 0),
    chatAt(2026, 1, 28, 12, 0),
    chatAt(2025, 11, 31, 12, 0),
  ];
  expect(groupByDay(chats, now).map(({ name, chats }) => [name, chats.length])).toEqual([
    ["Today", 1],
    ["Yesterday", 2],
    ["Last 7 days", 2],
    ["Last 30 days", 1],
    [new Date(2026, 1, 1).toLocaleDateString(undefined, { month: "long", year: "numeric" }), 1],
    [new Date(2025, 11, 1).toLocaleDateString(undefined, { month: "long", year: "numeric" }), 1],
  ]);
});

it("counts a clock that is a little ahead as today", () => {
  expect(groupByDay([chatAt(2026, 2, 31, 0, 5)], now)[0]?.name).toBe("Today");
});
