import { describe, expect, test } from "vitest";
import { openDisplay } from "@/features/chat/markdown/formulas";
import { parse, walk } from "@/features/chat/markdown/parse";

/** The formulas of a text, marks included. */
const formulasIn = (text: string): string[] =>
  parse(text)
    .flatMap((node) => [...walk(node)])
    .flatMap((node) => (node.type === "math" ? [node.value] : []));

describe("money, shell and prose stay text", () => {
  test.each([
    "It costs $5 now and $10 later.",
    "US$1,000–$2,500",
    "echo $HOME and $PATH",
    "$HOME/$USER and $".concat("{HOME}/$(pwd)"),
    "between $5 and 10$ a month",
    "$5-$10, $5/$10, $3k – $4k",
    "\\$3 and \\$4",
    "a single $ here, then $PATH$ and $$ and $$",
    "an empty $$ and $$$$ pair",
    "`$x$` and ``\\(y\\)``",
    "```sh\necho $A $B $$\n```",
    "    $x$ in indented code",
    "C:\\\\(x86\\\\)",
    "a [link\\] and \\(half",
    "$\n\nx$",
    "[a]($b$)",
  ])("%s", (text) => expect(formulasIn(text)).toEqual([]));
});

describe("mathematics is seen", () => {
  test.each([
    ["Let $x^2$ be", ["$x^2$"]],
    ["$a$, $b$ and ($c$).", ["$a$", "$b$", "$c$"]],
    ["\\( a_1 \\)", ["\\( a_1 \\)"]],
    ["\\[ \\sum_i i \\]", ["\\[ \\sum_i i \\]"]],
    ["$$\n\\frac{a}{b}\n$$", ["$$\n\\frac{a}{b}\n$$"]],
    ["Then\n$$\na\n$$\nand so on", ["$$\na\n$$"]],
    ["\\[\na\n- b\n+ c\n= d\n\\]", ["\\[\na\n- b\n+ c\n= d\n\\]"]],
    ["prose $$E = mc^2$$ goes on", ["$$E = mc^2$$"]],
    ["two lines \\(a +\nb\\) of one", ["\\(a +\nb\\)"]],
    ["> $$\n> a *b* c\n> $$", ["$$\na *b* c\n$$"]],
    ["- item $x_1$\n- \\(y\\)", ["$x_1$", "\\(y\\)"]],
    ["- item\n\n  $$\n  a\n  $$", ["$$\na\n$$"]],
    ["$5 \\text{ km}$ and $5x$, $100$", ["$5 \\text{ km}$", "$5x$", "$100$"]],
    ["costs $5, but $x$ is mathematics", ["$x$"]],
    ["$a \\$ b$", ["$a \\$ b$"]],
    ["| a |\n|---|\n| $x$ |", ["$x$"]],
    ["**bold $a*b$ end**", ["$a*b$"]],
  ])("%s", (text, formulas) => expect(formulasIn(text)).toEqual(formulas));
});

test.each([
  ["text\n$$\na", 5],
  ["$$ a", 0],
  ["$$\na\n$$", undefined],
  ["$$\n\na", undefined],
  ["a\n\n\\[\nb\n- c", 3],
  ["$$a$$\n\n\\[ b \\]\n", undefined],
])("a display formula that may still be closed: %j", (text, at) =>
  expect(openDisplay(text)).toBe(at),
);
