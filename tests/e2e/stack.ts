import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const BACKEND = join(__dirname, "../../backend");
const VENV = join(BACKEND, ".venv/bin/python");
export const PYTHON = existsSync(VENV) ? VENV : "python";

export interface Stack {
  /** Where the page and everything else is. */
  url: string;
  /** The fake provider, without `/v1`. */
  provider: string;
  env: Record<string, string>;
}

/** The stack that the global setup has started. */
export function stack(): Stack {
  const found = process.env.CHATTABLE_E2E_STACK;
  if (!found) throw new Error("No stack runs: start the tests with `npm run e2e`.");
  return JSON.parse(found);
}

/** Runs a program of the back end beside the stack, on its database. */
export function runPython(file: string, input: string): void {
  const env = {
    ...process.env,
    PYTHONPATH: BACKEND,
    DJANGO_SETTINGS_MODULE: "config.settings",
    ...stack().env,
    DEBUG: "1",
    OPENAI_API_KEY: "none",
  };
  execFileSync(PYTHON, [join(__dirname, file)], { cwd: BACKEND, env, input });
}

/** Starts the stack for all tests; what it returns stops it and fails if its log is not clean. */
export default async function start(): Promise<() => Promise<void>> {
  const data = await mkdtemp(join(tmpdir(), "chattable-e2e-"));
  const child = spawn(PYTHON, ["-m", "config.stack", "--page", "built", "--data", data], {
    cwd: BACKEND,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const { url, provider_url, ...facts } = JSON.parse(await firstLine(child));
  const running: Stack = {
    url,
    provider: provider_url.replace(/\/v1$/, ""),
    env: { DATABASE_URL: facts.database_url, REDIS_URL: facts.redis_url },
  };
  process.env.CHATTABLE_E2E_STACK = JSON.stringify(running);
  return async () => {
    if (child.exitCode === null) {
      child.kill("SIGTERM");
      await once(child, "exit");
    }
    const tracebacks = (await readFile(join(data, "stack.log"), "utf8")).match(TROUBLE);
    if (tracebacks) throw new Error(`The stack's log is not clean:\n${tracebacks.join("\n")}`);
    await rm(data, { recursive: true });
  };
}

/** Provider failures are scripted here, and are warnings in the log; anything of our own is not. */
const TROUBLE = /^.*(?:\bERROR\b|\bCRITICAL\b|Traceback|Unhandled).*$/gm;

export async function firstLine(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error("The stack has no output.");
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error("The stack did not start; see above.");
}
