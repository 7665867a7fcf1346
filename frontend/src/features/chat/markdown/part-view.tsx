import type { Element, ElementContent, Root as HtmlRoot } from "hast";
import type { Root } from "mdast";
import { memo, type ReactNode } from "react";
import ReactMarkdown, { type Components, type Options } from "react-markdown";
import { strings } from "@/shared/strings";
import type { Part } from "./blocks";
import { CodeBlock } from "./code-block";
import { Formula } from "./formula";
import { ImageLink } from "./image-link";
import { safeUrl } from "./safe-url";
import { TableBox } from "./table-box";

/** Which elements of the part stand in the block around it. */
type Pick = "all" | "items" | "thead" | "tbody" | "inline";
type Plugins = NonNullable<Options["remarkPlugins"]>;

interface Props {
  part: Part;
  pick: Pick;
  /** How deep the highest heading of the text is. */
  top?: number;
}

/** Mathematics is an element that React has no type for. */
type OurComponents = Components & { math: (props: { node?: Element }) => ReactNode };

const COMPONENTS: OurComponents = {
  a: ({ href, children }) =>
    href ? (
      <a href={href} target="_blank" rel="noopener noreferrer">
        {children}
      </a>
    ) : (
      children
    ),
  // The mark of a task: a control only in its looks, so its state needs words.
  input: ({ checked }) => (
    <input
      type="checkbox"
      disabled
      checked={checked}
      aria-label={checked ? strings.message.done : strings.message.notDone}
    />
  ),
  img: ({ src, alt }) => <ImageLink src={typeof src === "string" ? src : ""} alt={alt ?? ""} />,
  math: ({ node }: { node?: Element }) => {
    const { alttext, display } = node?.properties ?? {};
    const source = node ? textOf(node) : "";
    return <Formula tex={String(alttext)} isDisplay={display === "block"} source={source} />;
  },
  pre: ({ node }) => {
    const code = node?.children[0];
    if (code?.type !== "element") return null;
    const [name] = Array.isArray(code.properties.className) ? code.properties.className : [];
    return (
      <CodeBlock
        code={textOf(code).replace(/\n$/, "")}
        lang={String(name ?? "").replace("language-", "")}
      />
    );
  },
  table: ({ children }) => (
    <TableBox>
      <table role="none">{children}</table>
    </TableBox>
  ),
};

/** Paints nodes that were parsed before; a part is painted once. */
export const PartView = memo(function PartView({ part, pick, top = 1 }: Props) {
  const tree: Root = { type: "root", children: [...part.nodes] };
  return (
    <ReactMarkdown
      remarkPlugins={[[() => () => structuredClone(tree)]] as Plugins}
      rehypePlugins={[[shape, pick, top]]}
      components={COMPONENTS}
      urlTransform={safeUrl}
    />
  );
});

const BLOCKS = new Set(["p", "li", "blockquote", "td", "th", "h1", "h2", "h3", "h4", "h5", "h6"]);

/** Said by themselves, as a long table is several for the browser. */
const ROLES: Readonly<Record<string, string>> = { tr: "row", th: "columnheader", td: "cell" };

/** Gives each block its own direction, sets headings below those of the page, and takes out what is asked for. */
function shape(pick: Pick, top: number) {
  return (tree: HtmlRoot) => {
    tree.children = pickFrom(tree.children as ElementContent[], pick);
    for (const node of tree.children) if (node.type === "element") refine(node, top);
  };
}

function pickFrom(nodes: ElementContent[], pick: Pick): ElementContent[] {
  if (pick === "all") return nodes;
  const inner = nodes.flatMap((node) => (node.type === "element" ? node.children : []));
  if (pick === "inline") return inner;
  if (pick === "items") return inner.filter((node) => node.type === "element");
  return inner
    .flatMap((node) => (node.type === "element" && node.tagName === pick ? node.children : []))
    .filter((node) => node.type === "element");
}

function refine(element: Extract<ElementContent, { type: "element" }>, top: number): void {
  const { tagName, properties } = element;
  if (BLOCKS.has(tagName)) properties.dir = "auto";
  if (tagName in ROLES) properties.role = ROLES[tagName];
  const level = /^h([1-6])$/.exec(tagName)?.[1];
  if (level) {
    properties.className = [`ct-md-h${level}`];
    element.tagName = `h${Math.min(Math.max(Number(level) - top, 0) + 3, 6)}`;
  }
  // As in the corner of a table; a heading of nothing would be read out.
  if (tagName === "th" && element.children.length === 0) {
    element.tagName = "td";
    properties.role = "cell";
  }
  if (tagName === "a") element.children = element.children.map(withoutImage);
  for (const child of element.children) if (child.type === "element") refine(child, top);
}

/** A link cannot hold another one, which an image is here. */
const withoutImage = (node: ElementContent): ElementContent =>
  node.type === "element" && node.tagName === "img"
    ? { type: "text", value: String(node.properties.alt ?? "") }
    : node;

const textOf = (node: ElementContent): string =>
  node.type === "text" ? node.value : "children" in node ? node.children.map(textOf).join("") : "";
