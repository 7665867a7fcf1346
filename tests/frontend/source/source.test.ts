// biome-ignore-all lint/suspicious/noTemplateCurlyInString: sources stand here as text.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { physicalSides } from "./sides";
import { spokenWords } from "./words";

const ROOT = join(__dirname, "../../../frontend/src");
const GENERATED = "shared/api/schema.d.ts";
const CATALOGUE = "shared/strings.ts";
const sources = readdirSync(ROOT, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.(tsx?|css)$/.test(name) && name !== GENERATED)
  .map((name) => ({ name, source: readFileSync(join(ROOT, name), "utf8") }));

it("has every word that a reader meets in the one catalogue", () => {
  const code = sources.filter(({ name }) => !name.endsWith(".css") && name !== CATALOGUE);
  expect(code.length).toBeGreaterThan(50);
  expect(code.flatMap(({ name, source }) => spokenWords(name, source))).toEqual([]);
});

it.each([
  "<p>Hello</p>",
  '<p>{"Hello"}</p>',
  "<p>{`${count} chats`}</p>",
  '<p>{open ? strings.a : "closed"}</p>',
  '<p>{open && "open"}</p>',
  '<button aria-label="Close" />',
  '<input placeholder="name" />',
  '<img alt={"A cat"} />',
  "<Dialog title={`Delete ${name}`} />",
  'announce("Answer ready, at last")',
  "const failed = `Not sent. ${detail}`",
])("finds the words in %s", (code) => {
  expect(
    spokenWords(
      "planted.tsx",
      `export const planted = () => ${code.replace(/^const/, "0; const")};`,
    ),
  ).toHaveLength(1);
});

it.each([
  '<p className="flex gap-2" dir="auto">{strings.a}</p>',
  "<p>{count} · {size}…</p>",
  '<p id={kind === "code" ? "a" : "b"}>{kind === "code" && strings.a}</p>',
  'fail(new Error("No stack runs here"))',
])("finds no words in %s", (code) => {
  expect(spokenWords("planted.tsx", `export const planted = () => ${code};`)).toEqual([]);
});

it("names no side of the screen, so that the page can be read from right to left", () => {
  expect(sources.flatMap(({ name, source }) => physicalSides(name, source))).toEqual([]);
});

it.each([
  ["a.tsx", 'className="flex ml-2"'],
  ["a.tsx", 'className="wide:-mr-px"'],
  ["a.tsx", "className={`group-hover:pl-[3px] ${more}`}"],
  ["a.tsx", 'className="absolute left-1/2"'],
  ["a.tsx", 'className="text-right"'],
  ["a.tsx", 'className="rounded-tl-control"'],
  ["a.tsx", "box.style.left = place"],
  ["a.css", ".a { margin-left: 1px; }"],
  ["a.css", ".a { right: 0 }"],
  ["a.css", ".a { text-align: left; }"],
  ["a.css", ".a { border-right-color: red; }"],
])("finds the side in %s: %s", (name, source) => {
  expect(physicalSides(name, source)).toHaveLength(1);
});

it.each([
  ["a.tsx", 'className="ms-2 pe-1 start-0 text-end inset-x-0 border-s rounded-s-control mx-auto"'],
  ["a.tsx", 'const copyright = "right of what is left"; // left-2'],
  ["a.css", ".a { inset-inline-start: 0; text-align: end; } /* left: 0 */"],
])("finds no side in %s: %s", (name, source) => {
  expect(physicalSides(name, source)).toEqual([]);
});
