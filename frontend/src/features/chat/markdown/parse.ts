import type { Nodes, Root, RootContent } from "mdast";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";
import Markdown, { type Options } from "react-markdown";
import { mathSyntax, mathTree } from "./math-syntax";

type Plugin = NonNullable<Options["remarkPlugins"]>[number];
type Parser = (text: string) => Root;
interface ParserData {
  micromarkExtensions?: unknown[];
  fromMarkdownExtensions?: unknown[];
}

/** Footnotes would need the whole text at once: their marks stay as they were written. */
const noFootnotes = {
  disable: {
    null: ["gfmFootnoteDefinition", "gfmFootnoteCall", "gfmPotentialFootnoteCall"],
  },
};

/** What `remark-gfm` does, without the way back to Markdown, and mathematics. */
function withSyntax(this: { data: () => ParserData }): void {
  const data = this.data();
  data.micromarkExtensions = [gfm(), noFootnotes, mathSyntax];
  data.fromMarkdownExtensions = [gfmFromMarkdown(), mathTree];
}

/** The very parser that react-markdown renders with, so that both see the same blocks. */
function makeParser(): Parser {
  let parser: Parser | undefined;
  function capture(this: { parse: Parser }): void {
    parser = (text) => this.parse(text);
  }
  const plugins = [withSyntax as Plugin, capture as Plugin];
  Markdown({ children: "", remarkPlugins: plugins });
  if (!parser) throw new Error("react-markdown did not call its plugins.");
  return parser;
}

let parser: Parser | undefined;

/** The top-level nodes of a text, with their offsets in it. */
export function parse(text: string): RootContent[] {
  parser ??= makeParser();
  return parser(text).children;
}

export const startOf = (node: Nodes): number => node.position?.start.offset ?? 0;
export const endOf = (node: Nodes): number => node.position?.end.offset ?? 0;

/** Every node of a tree, parents before their children. */
export function* walk(node: Nodes): Generator<Nodes> {
  yield node;
  if ("children" in node) for (const child of node.children) yield* walk(child);
}
