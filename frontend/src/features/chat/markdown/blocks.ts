import type { Definition, RootContent } from "mdast";
import { closesFence, fenceOf } from "./fence";
import { endOf, parse, startOf, walk } from "./parse";
import { cutParagraph, JOINER, LONG_PARAGRAPH, withoutJoiner } from "./pieces";

/** A piece that is painted by itself. The same object is never painted twice. */
export interface Part {
  /** Where it starts in the whole text: its identity. */
  readonly start: number;
  readonly source: string;
  readonly nodes: readonly RootContent[];
}

/** A top-level block; only long ones have more than one part. */
export interface Block {
  readonly kind: "markdown" | "list" | "table" | "paragraph" | "code" | "plain";
  readonly start: number;
  readonly parts: readonly Part[];
  /** The source that a later part needs before it to be read as a part of this block. */
  readonly context: string;
  readonly lang: string;
  /** The first number of an ordered list. */
  readonly first: number | null;
  /** A code block whose closing fence has not come. */
  readonly isOpen: boolean;
}

/** Link definitions by their identifier: what was written, and what it means. */
export type Definitions = ReadonlyMap<
  string,
  { readonly source: string; readonly node: Definition }
>;

export interface Reading {
  readonly blocks: Block[];
  readonly definitions: Definitions;
}

const PLAIN = { context: "", lang: "", first: null, isOpen: false } as const;

export const plainBlock = (start: number, source: string): Block => ({
  ...PLAIN,
  kind: "plain",
  start,
  parts: [{ start, source, nodes: [] }],
});

/** Reads the blocks of a text that stands at `base` of the whole; with `open` it first goes on with that block. */
export function read(text: string, base: number, known: Definitions, open?: Block): Reading {
  const before = [...known.values()].map(({ source }) => `${source}\n\n`).join("");
  const source = before + (open?.context ?? "") + text;
  const shift = source.length - text.length;
  const nodes = parse(source).filter((node) => endOf(node) > shift || startOf(node) > shift);
  const definitions = definitionsIn(nodes, source);
  const reader = new Reader(text, base, shift, new Map([...definitions, ...known]));
  const blocks = nodes.map((node, index) => reader.block(node, nodes[index + 1], open));
  const [first] = nodes;
  if (!open) return { blocks, definitions };
  const goesOn = first !== undefined && (open.kind === "list" || startOf(first) < shift);
  const [block, ...rest] = blocks;
  return {
    blocks: goesOn && block ? [join(open, block), ...rest] : [open, ...blocks],
    definitions,
  };
}

const join = (open: Block, block: Block): Block => ({
  ...open,
  parts: [...open.parts, ...block.parts],
});

function definitionsIn(nodes: readonly RootContent[], source: string): Definitions {
  const found = new Map<string, { source: string; node: Definition }>();
  for (const node of nodes)
    for (const inner of walk(node))
      if (inner.type === "definition" && !found.has(inner.identifier))
        found.set(inner.identifier, {
          source: source.slice(startOf(inner), endOf(inner)),
          node: inner,
        });
  return found;
}

type Of<Type extends RootContent["type"]> = Extract<RootContent, { type: Type }>;

class Reader {
  readonly #text: string;
  readonly #base: number;
  readonly #shift: number;
  readonly #definitions: Definitions;

  constructor(text: string, base: number, shift: number, definitions: Definitions) {
    this.#text = text;
    this.#base = base;
    this.#shift = shift;
    this.#definitions = definitions;
  }

  block(node: RootContent, next: RootContent | undefined, open: Block | undefined): Block {
    const from = this.#lineStart(node);
    const to = next ? this.#lineStart(next) : this.#text.length;
    const block = { ...PLAIN, kind: "markdown", start: this.#base + from } as const;
    if (node.type === "list") return { ...block, kind: "list", ...this.#list(node, to) };
    if (node.type === "table") return { ...block, kind: "table", ...this.#table(node, from, to) };
    if (node.type === "code" && fenceOf(this.#text.slice(from, to)))
      return this.#code(block, node, from, to);
    if (node.type === "paragraph") {
      const isPiece = open?.kind === "paragraph" && startOf(node) < this.#shift;
      if (isPiece || to - from > LONG_PARAGRAPH) return this.#paragraph(block, from, to, isPiece);
    }
    return { ...block, parts: [this.#part(from, to, node)] };
  }

  /** Where the node's first line starts; 0 when that line came before this text. */
  #lineStart(node: RootContent | Of<"listItem"> | Of<"tableRow">): number {
    const at = startOf(node) - this.#shift;
    return at <= 0 ? 0 : this.#text.lastIndexOf("\n", at - 1) + 1;
  }

  #part(from: number, to: number, node: RootContent): Part {
    const source = this.#text.slice(from, to).trimEnd();
    return { start: this.#base + from, source, nodes: [node, ...this.#definitionsFor(node)] };
  }

  #definitionsFor(node: RootContent): Definition[] {
    if (this.#definitions.size === 0) return [];
    const ids = new Set<string>();
    for (const inner of walk(node))
      if (inner.type === "linkReference" || inner.type === "imageReference")
        ids.add(inner.identifier);
    return [...ids].flatMap((id) => this.#definitions.get(id)?.node ?? []);
  }

  #list(list: Of<"list">, to: number): Pick<Block, "parts" | "first"> {
    const parts = list.children.map((item, index) => {
      const next = list.children[index + 1];
      // Each item decides by itself whether it is loose, so that a later one cannot change it.
      const alone = { ...list, start: null, spread: item.spread ?? false, children: [item] };
      return this.#part(this.#lineStart(item), next ? this.#lineStart(next) : to, alone);
    });
    return { parts, first: list.ordered ? (list.start ?? 1) : null };
  }

  #table(table: Of<"table">, from: number, to: number): Pick<Block, "parts" | "context"> {
    const [head, ...body] = table.children;
    if (!head) return { parts: [], context: "" };
    const parts = body.map((row, index) => {
      const next = body[index + 1];
      return this.#part(this.#lineStart(row), next ? this.#lineStart(next) : to, {
        ...table,
        children: [head, row],
      });
    });
    if (startOf(head) < this.#shift) return { parts, context: "" };
    const end = body[0] ? this.#lineStart(body[0]) : to;
    const header = this.#part(from, end, { ...table, children: [head] });
    return { parts: [header, ...parts], context: `${header.source}\n` };
  }

  #paragraph(block: Omit<Block, "parts">, from: number, to: number, isPiece: boolean): Block {
    const pieces = cutParagraph(this.#text.slice(from, to).trimEnd());
    const parts = pieces.map(({ at, source }): Part => {
      const isFirst = at === 0 && !isPiece;
      const [node] = parse(isFirst ? source : JOINER + source).map(withoutJoiner);
      const nodes = node ? [node, ...this.#definitionsFor(node)] : [];
      return { start: block.start + at, source, nodes };
    });
    return { ...block, kind: "paragraph", context: JOINER, parts };
  }

  #code(block: Omit<Block, "parts">, node: Of<"code">, from: number, to: number): Block {
    const source = this.#text.slice(from, to).trimEnd();
    const marks = fenceOf(source)?.marks ?? "";
    const isOpen =
      !source.includes("\n") || !closesFence(source.slice(source.lastIndexOf("\n") + 1), marks);
    const parts = [{ start: block.start, source: node.value, nodes: [] }];
    return { ...block, kind: "code", parts, lang: node.lang ?? "", isOpen };
  }
}
