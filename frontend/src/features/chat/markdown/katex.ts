import type katex from "katex";

export type Katex = typeof katex;

let loaded: Katex | undefined;

/** KaTeX, if some formula has loaded it. */
export const loadedKatex = (): Katex | undefined => loaded;

/** KaTeX with its styles; only a page that shows a formula loads it. */
export async function loadKatex(): Promise<Katex> {
  const [{ default: module }] = await Promise.all([
    import("katex"),
    import("katex/dist/katex.min.css"),
  ]);
  loaded = module;
  return module;
}
