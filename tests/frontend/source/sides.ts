/** Utility classes and declarations that mean the left or the right side, wherever a text begins. */
const SIZED = "-(?:\\w[\\w./]*|\\[[^\\]]*\\]|\\([^)]*\\))";
const CLASS = new RegExp(
  `(?<![\\w-])(?:-?(?:(?:scroll-)?[mp][lr]|left|right)${SIZED}|(?:border-[lr]|rounded-(?:[lr]|[tb][lr]))(?:${SIZED})?|(?:text|float|clear)-(?:left|right))(?![\\w-])`,
  "g",
);
const DECLARATION =
  /(?<![\w-])(?:(?:margin|padding|border|inset|scroll-margin|scroll-padding)-(?:left|right)[\w-]*|border-(?:top|bottom)-(?:left|right)-radius|left|right)\s*:|(?:text-align|float|clear|justify-content)\s*:\s*(?:left|right)\b/g;
const PROPERTY =
  /(?<![\w-])(?:(?:margin|padding|border|inset)(?:Left|Right)\w*|border(?:Top|Bottom)(?:Left|Right)Radius)\b|style\.(?:left|right)\b|textAlign:\s*"(?:left|right)"/g;

/** What in a source file names a side of the screen instead of a side of the text. */
export function physicalSides(name: string, source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, blank);
  const found = name.endsWith(".css")
    ? matches(code, DECLARATION)
    : [...classes(code), ...matches(code, PROPERTY)];
  return found.map(({ at, text }) => `${name}:${code.slice(0, at).split("\n").length} ${text}`);
}

interface Found {
  at: number;
  text: string;
}

const matches = (code: string, pattern: RegExp): Found[] =>
  [...code.matchAll(pattern)].map(({ index, 0: text }) => ({ at: index, text }));

/** Classes stand in strings, and one string holds nothing but classes if any of it looks like one. */
const classes = (code: string): Found[] =>
  matches(code, /"[^"\n]*"|`[^`]*`/g).flatMap(({ at, text }) =>
    matches(text, CLASS).map((found) => ({ ...found, at: at + found.at })),
  );

const blank = (comment: string) => comment.replaceAll(/[^\n]/g, " ");
