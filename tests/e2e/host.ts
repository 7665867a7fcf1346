import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { firstLine, PYTHON, stack } from "./stack";

/** A Django project with a login of its own and no allauth, whose page is under `/assistant/`. */
export class Host {
  readonly url: string;
  readonly stop: () => Promise<void>;

  constructor(url: string, stop: () => Promise<void>) {
    this.url = url;
    this.stop = stop;
  }

  static async start(): Promise<Host> {
    const tests = join(__dirname, "..");
    const child = spawn(PYTHON, ["-m", "e2e.host"], {
      cwd: tests,
      env: {
        ...process.env,
        PYTHONPATH: [tests, join(tests, "../backend")].join(":"),
        OPENAI_BASE_URL: `${stack().provider}/v1`,
      },
      stdio: ["pipe", "pipe", "inherit"],
    });
    const { url } = JSON.parse(await firstLine(child));
    return new Host(url, async () => {
      child.stdin.end();
      await once(child, "exit");
    });
  }
}
