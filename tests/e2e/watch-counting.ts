import { expect, type Page } from "@playwright/test";

declare global {
  interface Window {
    counting: { first: number };
    reportHole: (problem: string) => void;
  }
}

/** Looks at every change of the page, from its first moment on: each answer must read 1, 2, 3 … without a hole. */
export async function watchCounting(page: Page) {
  const problems: string[] = [];
  await page.exposeFunction("reportHole", (problem: string) => problems.push(problem));
  await page.addInitScript(() => {
    window.counting = { first: 0 };
    new MutationObserver(() => {
      for (const article of document.querySelectorAll("article[aria-busy]")) {
        const text = [...article.querySelectorAll("p")].map((p) => p.textContent).join(" ");
        if (!/^\s*1 /.test(text)) continue;
        const numbers = (text.match(/\d+/g) ?? []).map(Number);
        window.counting.first ||= numbers.length;
        if (numbers.some((number, index) => number !== index + 1)) window.reportHole(text);
      }
    }).observe(document, { childList: true, subtree: true, characterData: true });
  });
  return {
    /** How many numbers were there when the answer was painted first since the page was loaded. */
    first: () => page.evaluate(() => window.counting.first),
    expectNoHoles: () => expect(problems).toEqual([]),
  };
}
