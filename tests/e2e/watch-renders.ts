import type { Page } from "@playwright/test";

/** As much of React's own tree as its developer tools read. */
interface Fiber {
  flags: number;
  child: Fiber | null;
  sibling: Fiber | null;
  alternate: Fiber | null;
  memoizedProps: { message?: { id: string }; part?: { start: number } } | null;
}

interface Commit {
  /** The messages whose rows were rendered. */
  rows: string[];
  /** The parts of texts that were rendered, by where they start. */
  parts: number[];
}

declare global {
  interface Window {
    commits: Commit[];
    __REACT_DEVTOOLS_GLOBAL_HOOK__: object;
  }
}

/** Notes what React renders in each commit, also in a production build; to be called before the page is opened. */
export async function watchRenders(page: Page) {
  await page.addInitScript(() => {
    window.commits = [];
    const PERFORMED_WORK = 1;
    const visit = (fiber: Fiber | null, commit: { rows: Set<string>; parts: number[] }): void => {
      for (let at = fiber; at; at = at.sibling) {
        if (at.flags & PERFORMED_WORK) {
          const { message, part } = at.memoizedProps ?? {};
          if (message) commit.rows.add(message.id);
          if (part) commit.parts.push(part.start);
        }
        // The same children as before: nothing below was looked at.
        if (at.child !== at.alternate?.child) visit(at.child, commit);
      }
    };
    window.__REACT_DEVTOOLS_GLOBAL_HOOK__ = {
      supportsFiber: true,
      inject: () => 1,
      onCommitFiberUnmount: () => {},
      onPostCommitFiberRoot: () => {},
      onCommitFiberRoot: (_: number, root: { current: Fiber }) => {
        const commit = { rows: new Set<string>(), parts: [] };
        visit(root.current, commit);
        window.commits.push({ rows: [...commit.rows], parts: commit.parts });
      },
    };
  });
  return {
    forget: () =>
      page.evaluate(() => {
        window.commits = [];
      }),
    /** The commits since the last `forget` in which a row was rendered. */
    commits: async () =>
      (await page.evaluate(() => window.commits)).filter(({ rows }) => rows.length > 0),
  };
}
