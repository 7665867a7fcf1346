import { expect, it } from "vitest";
import { uuid7 } from "@/shared/uuid";

it("makes valid, distinct version 7 ids that sort by time", () => {
  const ids = Array.from({ length: 1000 }, (_, ms) => uuid7(1_700_000_000_000 + ms));
  for (const id of ids)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(ids).size).toBe(1000);
  expect(ids.toSorted()).toEqual(ids);
  expect(Number.parseInt(uuid7(1_700_000_000_000).replace(/-/g, "").slice(0, 12), 16)).toBe(
    1_700_000_000_000,
  );
});
