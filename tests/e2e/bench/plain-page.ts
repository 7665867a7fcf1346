import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { stack } from "../stack";

const FRONTEND = join(__dirname, "../../../frontend");
const HTML = `<!doctype html><meta charset="utf-8"><title>Plain</title>
<link rel="stylesheet" href="/plain/page.css"><body><script type="module" src="/plain/page.js"></script></body>`;
const CSS = `body { margin: 0; display: flex; flex-direction: column; height: 100vh; font: 16px/26px sans-serif }
main { flex: 1; overflow-y: auto; overflow-wrap: anywhere } article { max-width: 44rem; margin: 16px auto }`;

let script: string | undefined;

/** Lets the browser find a plain react-markdown page of these messages at the address that it returns. */
export async function servePlain(page: Page, messages: readonly string[]): Promise<string> {
  script ??= build();
  const files: Record<string, [type: string, body: string]> = {
    "/plain/": ["text/html", HTML],
    "/plain/page.css": ["text/css", CSS],
    "/plain/page.js": ["text/javascript", script],
    "/plain/messages.json": ["application/json", JSON.stringify(messages)],
  };
  const headers = { "Content-Security-Policy": "script-src 'self'" };
  await page.route("**/plain/**", (route) => {
    const [contentType, body] = files[new URL(route.request().url()).pathname] ?? ["", ""];
    return route.fulfill({ contentType, body, headers });
  });
  return `${stack().url}/plain/`;
}

function build(): string {
  const config = join(__dirname, "vite.config.mts");
  execFileSync("npx", ["--no", "vite", "build", "--config", config, "--logLevel", "warn"], {
    cwd: FRONTEND,
    stdio: "inherit",
  });
  return readFileSync(join(__dirname, "../.results/plain/page.js"), "utf8");
}
