import { expect, type Locator, type Page } from "@playwright/test";

declare global {
  interface Window {
    heard: { said: string[]; focused: string[]; tasks: number[] };
  }
}

/** What a screen reader would say by itself, where the focus went, and how long tasks took; before the page opens. */
export async function watch(page: Page) {
  await page.addInitScript(() => {
    window.heard = { said: [], focused: [], tasks: [] };
    const { said, focused, tasks } = window.heard;
    const live = "[aria-live]:not([aria-live=off]), [role=status], [role=alert], [role=log]";
    new MutationObserver((records) => {
      const regions = new Set<Element>();
      for (const { target, addedNodes } of records) {
        const element = target instanceof Element ? target : target.parentElement;
        const region = element?.closest(live);
        if (region) regions.add(region);
        for (const node of addedNodes)
          if (node instanceof Element)
            for (const inside of [node, ...node.querySelectorAll("*")])
              if (inside.matches(live)) regions.add(inside);
      }
      for (const region of regions) if (region.textContent) said.push(region.textContent);
    }).observe(document, { childList: true, subtree: true, characterData: true });
    document.addEventListener("focusin", ({ target }) => {
      if (target instanceof Element)
        focused.push(target.getAttribute("aria-label") ?? target.tagName);
    });
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) tasks.push(duration);
    }).observe({ type: "longtask" });
  });
  return {
    heard: () => page.evaluate(() => window.heard),
    forget: () =>
      page.evaluate(() => {
        for (const list of Object.values(window.heard)) list.length = 0;
      }),
  };
}

/** Follows an element frame by frame while something happens: by how many pixels it was moved at worst. */
export async function movedWhile(place: Locator, act: () => Promise<unknown>): Promise<number> {
  const element = await place.elementHandle();
  if (!element) throw new Error("There is nothing to follow.");
  const stop = await element.evaluateHandle(async (followed) => {
    // As it was painted: asked between frames, it may have moved and not yet been put right.
    const painted = () =>
      new Promise<number>((resolve) => {
        const observer = new IntersectionObserver(([entry]) => {
          observer.disconnect();
          resolve(entry?.boundingClientRect.top ?? Number.NaN);
        });
        observer.observe(followed);
      });
    const start = await painted();
    let worst = 0;
    let isDone = false;
    const look = async () => {
      worst = Math.max(worst, Math.abs((await painted()) - start));
    };
    const follow = async () => {
      while (!isDone) await look();
      await look();
      return worst;
    };
    const following = follow();
    return () => {
      isDone = true;
      return following;
    };
  });
  await act();
  return stop.evaluate((end) => end());
}

/** Where the element is seen, once it rests: what the wheel did is in the document only with the next frame. */
export async function restingTop(place: Locator): Promise<number> {
  let before = Number.NaN;
  await expect
    .poll(async () => {
      const last = before;
      before = await place.evaluate(
        (element) =>
          new Promise<number>((resolve) => {
            requestAnimationFrame(() =>
              requestAnimationFrame(() => resolve(element.getBoundingClientRect().top)),
            );
          }),
      );
      return Math.abs(before - last);
    })
    .toBeLessThan(0.5);
  return before;
}

/** What can be scrolled to below the last turn, in pixels; the turn has to be in a list that is at its end. */
export const roomBelow = (turn: Locator): Promise<number> =>
  turn.evaluate((element) => {
    const view = element.closest("[data-region]");
    const end = view?.querySelector("li:last-child")?.getBoundingClientRect().bottom;
    if (!view || end === undefined) return Number.NaN;
    return view.scrollHeight - view.scrollTop - (end - view.getBoundingClientRect().top);
  });
