import { expect, test } from "./test";

const BUDGET = 250 * 1024;

test("the first load of the page weighs at most 250 KiB on the wire", async ({
  page,
  person: _,
}) => {
  const loads: Promise<number>[] = [];
  page.on("requestfinished", (request) => {
    loads.push(request.sizes().then((sizes) => sizes.responseBodySize));
  });
  await page.goto("/");
  await expect(page.getByText("What would you like to know?")).toBeVisible();
  await page.waitForLoadState("networkidle");

  const weights = await Promise.all(loads);
  expect(weights.length).toBeGreaterThan(3);
  expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeLessThanOrEqual(BUDGET);
});
