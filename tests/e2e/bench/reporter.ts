import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import type { Reporter, TestCase, TestResult } from "@playwright/test/reporter";
import { bestOf, type Figure, spreadOf, tableOf, verdictOn } from "./figures";

const FOLDER = join(__dirname, "../../../bench/results");

/** Gathers the figures of all measurements, prints them as a table and writes them down. */
export default class FigureReporter implements Reporter {
  readonly #figures: Figure[] = [];
  readonly #load = loadavg();

  onTestEnd(_: TestCase, { attachments }: TestResult): void {
    for (const { name, body } of attachments)
      if (name === "figure" && body) this.#figures.push(JSON.parse(body.toString()));
  }

  onEnd(): void {
    const figures = this.#figures.map((figure) => ({
      ...figure,
      best: bestOf(figure.tries),
      spread: spreadOf(figure.calibration),
      verdict: verdictOn(figure),
    }));
    const processors = cpus().map(({ model }) => model);
    const [load] = this.#load;
    const machine = { processors, load_before: load, load_after: loadavg()[0] };
    mkdirSync(FOLDER, { recursive: true });
    const result = { at: new Date().toISOString(), machine, figures };
    writeFileSync(join(FOLDER, "page.json"), `${JSON.stringify(result, null, 2)}\n`);
    process.stdout.write(`\n${tableOf(figures)}\n`);
  }

  printsToStdio = () => false;
}
