/** One measured figure of the page, as `bench/results/page.json` holds it. */
export interface Figure {
  name: string;
  unit: string;
  /** The most that it may be; without it the figure only stands beside others. */
  most?: number;
  /** What each try measured, in order. */
  tries: number[];
  /** What the calibration task took around each try. */
  calibration: number[];
}

export type Verdict = "ok" | "short" | "too noisy" | "";

/** A calibration that spreads further than this says that the machine was busy with something else. */
const MOST_SPREAD = 0.2;

export const bestOf = (tries: readonly number[]): number => Math.min(...tries);

/** By how much the worst calibration is over the best: 0.2 is 20 %. */
export const spreadOf = (calibration: readonly number[]): number =>
  calibration.length < 2 ? 0 : Math.max(...calibration) / Math.min(...calibration) - 1;

/** What to make of a figure: never green or red by luck. */
export function verdictOn({ most, tries, calibration }: Figure): Verdict {
  if (most === undefined) return "";
  if (spreadOf(calibration) > MOST_SPREAD) return "too noisy";
  // Nothing measured is not a small figure.
  return tries.length > 0 && bestOf(tries) <= most ? "ok" : "short";
}

/** The smallest value that so large a share of them does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** The figures as a table in markdown. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.name,
    figure.most === undefined ? "" : `≤ ${number(figure.most)} ${figure.unit}`,
    `${number(bestOf(figure.tries))} ${figure.unit}`,
    verdictOn(figure),
  ]);
  return [["figure", "must", "measured", "verdict"], ["---", "---", "---", "---"], ...rows]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

const number = (value: number): string =>
  value.toLocaleString("en-GB", { maximumFractionDigits: value < 10 ? 2 : 0 });
