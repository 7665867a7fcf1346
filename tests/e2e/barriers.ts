import type { Page } from "@playwright/test";
import axe from "axe-core";

type Window = globalThis.Window & { axe?: typeof axe };

const RENDERINGS = {
  light: { colorScheme: "light", forcedColors: "none" },
  dark: { colorScheme: "dark", forcedColors: "none" },
  forced: { colorScheme: "dark", forcedColors: "active" },
} as const;

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** What breaks the rules of WCAG 2.2 A and AA that a program can check, or these rules of them. */
async function violations(page: Page, runOnly: string[]): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in window))) {
    await page.evaluate(axe.source);
    // What floats stands beside the landmarks: axe knows that of a dialog, and not of a menu.
    await page.evaluate((regionMatcher) => {
      const checks = [{ id: "region", options: { regionMatcher } }];
      (window as Window).axe?.configure({ checks });
    }, "[role=dialog], [role=alertdialog], [role=menu], svg");
  }
  await page.evaluate(sayForcedColours);
  const found = await page.evaluate(async (only) => {
    // Behind a dialog the page is hidden, its heading too, and the dialog holds the focus: axe cannot know that.
    const enabled = !document.querySelector("[role=dialog], [role=alertdialog]");
    const result = await (window as Window).axe?.run(document, {
      runOnly: only,
      rules: { "page-has-heading-one": { enabled }, "aria-hidden-focus": { enabled } },
      resultTypes: ["violations"],
    });
    return result?.violations;
  }, runOnly);
  if (!found) throw new Error("axe did not run.");
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}

/** axe reads what fills a letter, which Chromium tells as it would be without the reader's own colours. */
function sayForcedColours() {
  const isForced = matchMedia("(forced-colors: active)").matches;
  for (const element of document.querySelectorAll<HTMLElement>(".ct *"))
    element.style.setProperty(
      "-webkit-text-fill-color",
      isForced ? getComputedStyle(element).color : "",
    );
}

/** The same in light, and of contrast in dark and in forced colours, too, each named; leaves the page in light. */
export async function violationsInAll(page: Page): Promise<string[]> {
  const all: string[] = [];
  for (const name of ["dark", "forced", "light"] as const) {
    await page.emulateMedia({ ...RENDERINGS[name], reducedMotion: "reduce" });
    const found = await violations(page, name === "light" ? RULES : ["color-contrast"]);
    all.push(...found.map((violation) => `${name}: ${violation}`));
  }
  return all;
}
