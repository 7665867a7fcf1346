import { describe, expect, it, vi } from "vitest";
import type { Block, Part } from "@/features/chat/markdown/blocks";
import { Splitter } from "@/features/chat/markdown/splitter";
import { seeded } from "../../../shared/events/messages";
import { MATH, MIXED } from "./documents";

const once = (text: string): readonly Block[] => new Splitter().read(text, false);

function grow(text: string, cuts: number[]): readonly Block[] {
  const splitter = new Splitter();
  for (const cut of cuts) splitter.read(text.slice(0, cut), true);
  return splitter.read(text, false);
}

const steps = (text: string, by: number): number[] =>
  Array.from({ length: Math.ceil(text.length / by) }, (_, i) => i * by);

/** What is painted, without the offsets of the parse it came from. */
const shape = (blocks: readonly Block[]) =>
  blocks.map(({ kind, start, lang, first, isOpen, parts }) => ({
    kind,
    start,
    lang,
    first,
    isOpen,
    parts: parts.map(paint),
  }));
const paint = ({ start, source, nodes }: Part) => ({
  start,
  source,
  nodes: JSON.parse(
    JSON.stringify(nodes, (key, value) => (key === "position" ? undefined : value)),
  ),
});

const LONG = {
  list: Array.from({ length: 400 }, (_, i) => `${i + 1}. item **${i}** with some words\n`).join(""),
  table: `| a | b |\n|---|---|\n${Array.from({ length: 400 }, (_, i) => `| ${i} | cell |\n`).join("")}`,
  fence: `\`\`\`ts\n${Array.from({ length: 400 }, (_, i) => `const x${i} = ${i}\n`).join("")}\`\`\`\n`,
  paragraph: "One sentence with **bold** and `code` in it. ".repeat(200),
  line: "x".repeat(100_000),
  quote: Array.from({ length: 400 }, (_, i) => `> quoted line ${i}\n`).join(""),
};

vi.setConfig({ testTimeout: 60_000 });

describe("a grown text", () => {
  it.each([1, 3, 7, 50])("is split as if it had come at once (%i characters at a time)", (by) => {
    for (const text of [MIXED, MATH])
      expect(shape(grow(text, steps(text, by)))).toEqual(shape(once(text)));
  });

  it("shows a display formula as it was written until it is whole", () => {
    const splitter = new Splitter();
    const half = "Then\n\n$$\na *b* c_1\n- d";
    const growing = splitter.read(half, true).at(-1);
    expect(growing?.kind).toBe("plain");
    expect(growing?.parts[0]?.source).toBe("$$\na *b* c_1\n- d");
    const whole = splitter.read(`${half}\n$$\n`, true).at(-1);
    expect(whole?.parts[0]?.nodes[0]?.type).toBe("math");
  });

  it.each(Object.entries(LONG))("is split the same when it is a long %s", (_, text) => {
    expect(shape(grow(text, steps(text, Math.max(97, text.length >> 7))))).toEqual(
      shape(once(text)),
    );
  });

  it("is split the same wherever it is cut", () => {
    const lines = [
      ...MIXED.split("\n"),
      "",
      "",
      "  indented",
      "***",
      "[r]: https://example.org",
      "[a][r]",
      "    code",
      "<div>",
      "</div>",
      "* star",
      "+ plus",
      "````",
      "```",
      "====",
      "|x|",
      "|-|",
      "$$",
      "$$ x",
      "\\[",
      "\\]",
      "$a$ and $b",
    ];
    for (let seed = 0; seed < 60; seed++) {
      const random = seeded(seed);
      const text = Array.from(
        { length: 12 },
        () => lines[Math.floor(random() * lines.length)],
      ).join("\n");
      const cuts = Array.from({ length: 20 }, () => Math.floor(random() * text.length)).sort(
        (a, b) => a - b,
      );
      expect(shape(grow(text, cuts)), JSON.stringify(text)).toEqual(shape(once(text)));
    }
  });

  it("starts anew when it is another text", () => {
    const splitter = new Splitter();
    splitter.read("# One\n\ntwo\n\n", true);
    expect(shape(splitter.read("- three", false))).toEqual(shape(once("- three")));
  });
});

describe("settled parts", () => {
  it("stay the same objects to the end", () => {
    const splitter = new Splitter();
    const seen = new Map<number, Part>();
    for (const cut of steps(MIXED, 1)) {
      const parts = splitter
        .read(MIXED.slice(0, cut), true)
        .flatMap((block) => (block.kind === "code" ? [] : block.parts));
      for (const part of parts.slice(0, -2)) {
        const before = seen.get(part.start);
        if (before) expect(part).toBe(before);
        seen.set(part.start, part);
      }
    }
    expect(seen.size).toBeGreaterThan(10);
  });

  it.each(Object.entries(LONG))(
    "leave only a bounded rest to be read again in a long %s",
    (_, text) => {
      const splitter = new Splitter();
      const most = Math.max(
        ...steps(text, Math.max(211, text.length >> 7)).map((cut) => {
          const part = splitter.read(text.slice(0, cut), true).at(-1);
          return part?.kind === "code" || part?.kind === "plain"
            ? 0
            : (part?.parts.at(-1)?.source.length ?? 0);
        }),
      );
      expect(most).toBeLessThanOrEqual(8_192);
    },
  );

  it("are read again when a definition comes late", () => {
    const text = "See [this][r] and\n\nmore.\n\n[r]: https://example.org\n\nEnd.\n";
    const splitter = new Splitter();
    for (const cut of steps(text, 1)) splitter.read(text.slice(0, cut), true);
    expect(JSON.stringify(splitter.read(text, false)[0]?.parts[0]?.nodes)).toContain(
      "linkReference",
    );
  });
});

describe("code", () => {
  it("is given exactly as it was written", () => {
    const code = once(MIXED).find(({ kind }) => kind === "code");
    expect(code).toMatchObject({ lang: "python", isOpen: false });
    expect(code?.parts[0]?.source).toBe(
      'def f(*args, _x="$1"):\n    return "`" + f"{args}" # **not bold** | not a table\n\nprint(f(1))',
    );
  });

  it("hides a closing fence that is half there", () => {
    const splitter = new Splitter();
    const shown = ["```\na\n", "```\na\n`", "```\na\n``", "```\na\n```"].map(
      (text) => splitter.read(text, true)[0],
    );
    expect(shown.map((block) => block?.parts[0]?.source)).toEqual(["a", "a", "a", "a"]);
  });
});
