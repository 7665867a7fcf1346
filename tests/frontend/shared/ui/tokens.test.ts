import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const source = join(process.cwd(), "src");
const css = readFileSync(join(source, "shared/ui/tokens.css"), "utf8");

type Tokens = Record<string, string>;

function tokensIn(block: string): Tokens {
  const pairs = [...block.matchAll(/--ct-([\w-]+):\s*([^;]+);/g)];
  return Object.fromEntries(pairs.map(([, name, value]) => [name, value?.trim()]));
}

function blockOf(query: string): Tokens {
  const start = css.indexOf(query);
  if (start < 0) throw new Error(`no ${query} in tokens.css`);
  return tokensIn(css.slice(start, css.indexOf("}", start)));
}

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = (hex.match(/[0-9a-f]{2}/gi) ?? [])
    .map((part) => Number.parseInt(part, 16) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

const LIGHT_DARK = /light-dark\((#[0-9a-f]{6}|rgb\([^)]*\)),\s*(#[0-9a-f]{6}|rgb\([^)]*\))\)/;
const both = blockOf(".ct {");
const half = (index: 1 | 2): Tokens =>
  Object.fromEntries(
    Object.entries(both).map(([name, value]) => [name, LIGHT_DARK.exec(value)?.[index] ?? value]),
  );
const light = half(1);
const dark = half(2);
const contrastier = blockOf("(prefers-contrast: more)");
const surfaces = ["bg", "surface", "raised", "bubble", "code"];
const onSurfaces: [string, number][] = [
  ["text", 7],
  ["soft", 4.5],
  ["faint", 4.5],
  ["accent", 4.5],
  ["danger", 4.5],
  ["warn", 4.5],
  ["ok", 4.5],
  ["edge", 3],
];
const code = ["keyword", "string", "number", "comment", "name", "type"];

it("computes contrast as WCAG does", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21, 5);
  expect(contrast("#777777", "#ffffff")).toBeCloseTo(4.48, 2);
});

describe.each([
  ["light", light],
  ["dark", dark],
])("in %s", (_name, tokens) => {
  const at = (name: string) => tokens[name] ?? "";

  it.each(onSurfaces)("%s stands out by at least %s on every surface", (name, least) => {
    for (const surface of surfaces)
      expect(contrast(at(name), at(surface)), `${name} on ${surface}`).toBeGreaterThanOrEqual(
        least,
      );
  });

  it("the text on filled buttons can be read", () => {
    expect(contrast(at("on-accent"), at("accent"))).toBeGreaterThanOrEqual(4.5);
    expect(contrast(at("on-danger"), at("danger"))).toBeGreaterThanOrEqual(4.5);
  });

  it.each(code)("code of kind %s can be read", (kind) => {
    expect(contrast(at(`code-${kind}`), at("code"))).toBeGreaterThanOrEqual(4.5);
  });
});

it("gives quiet text its full contrast for those who ask for more", () => {
  expect(contrastier).toMatchObject({
    soft: "var(--ct-text)",
    faint: "var(--ct-text)",
    line: "var(--ct-edge)",
  });
});

it("is the only place that names a colour or a length", () => {
  const literal = /#[0-9a-f]{6}\b|\brgba?\(|-\[\d[\d.]*(?:px|rem)\]/i;
  const components = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".tsx"),
  );
  expect(components.length).toBeGreaterThan(20);
  const guilty = components.filter((file) =>
    literal.test(readFileSync(join(source, file), "utf8")),
  );
  expect(guilty).toEqual([]);
});
