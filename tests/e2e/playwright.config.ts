import { existsSync } from "node:fs";
import { defineConfig } from "@playwright/test";

const debians = "/usr/bin/chromium";
const executablePath = process.env.CHROMIUM || (existsSync(debians) ? debians : undefined);
const isRoot = process.getuid?.() === 0;

/** The whole application in a real browser: `npm run e2e` in frontend/, `npm run shots` for pictures, `npm run bench` for its speed. */
export default defineConfig({
  testDir: ".",
  outputDir: ".results",
  globalSetup: "./stack.ts",
  fullyParallel: true,
  forbidOnly: Boolean(process.env.CI),
  // A machine that is busy with something else must not keep a change out; a test that fails twice does.
  retries: process.env.CI ? 1 : 0,
  workers: 2,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: process.env.BENCH ? [["list"], ["./bench/reporter.ts"]] : "list",
  use: {
    viewport: { width: 1280, height: 800 },
    locale: "en-GB",
    timezoneId: "UTC",
    trace: "on-first-retry",
    launchOptions: { executablePath, args: isRoot ? ["--no-sandbox"] : [] },
  },
  projects: [
    { name: "page", testMatch: "**/*.spec.ts" },
    ...(process.env.BENCH ? [{ name: "bench", testMatch: "**/*.bench.ts" }] : []),
    ...(process.env.SHOTS
      ? [
          { name: "shots", testMatch: "**/shots.ts", teardown: "sheet" },
          { name: "sheet", testMatch: "**/sheet.ts" },
        ]
      : []),
  ],
});
