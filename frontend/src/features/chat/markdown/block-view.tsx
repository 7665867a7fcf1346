import { memo } from "react";
import type { Block } from "./blocks";
import { CodeBlock } from "./code-block";
import { PartView } from "./part-view";
import { TableBox } from "./table-box";

interface Props {
  block: Block;
}

/** One block; it is painted again only when one of its parts is another one. */
export const BlockView = memo(function BlockView({ block }: Props) {
  const [head, ...rest] = block.parts;
  if (!head) return null;
  switch (block.kind) {
    case "code":
      return <CodeBlock code={head.source} lang={block.lang} isOpen={block.isOpen} />;
    case "plain":
      return (
        <p dir="auto" className="whitespace-pre-wrap">
          {head.source}
        </p>
      );
    case "list":
      return <List block={block} />;
    case "table":
      return (
        <TableBox>
          <thead>
            <PartView part={head} pick="thead" />
          </thead>
          <tbody>
            {rest.map((part) => (
              <PartView key={part.start} part={part} pick="tbody" />
            ))}
          </tbody>
        </TableBox>
      );
    case "paragraph":
      return (
        <p dir="auto">
          {block.parts.map((part) => (
            <PartView key={part.start} part={part} pick="inline" />
          ))}
        </p>
      );
    default:
      return <PartView part={head} pick="all" />;
  }
}, isSame);

function List({ block: { first, parts } }: Props) {
  const items = parts.map((part) => <PartView key={part.start} part={part} pick="items" />);
  if (first === null) return <ul>{items}</ul>;
  return <ol start={first === 1 ? undefined : first}>{items}</ol>;
}

function isSame({ block: one }: Props, { block: other }: Props): boolean {
  return (
    one.kind === other.kind &&
    one.isOpen === other.isOpen &&
    one.parts.length === other.parts.length &&
    one.parts.every((part, index) => part === other.parts[index] || isSameCode(one, other, index))
  );
}

const isSameCode = (one: Block, other: Block, index: number): boolean =>
  one.kind === "code" &&
  one.lang === other.lang &&
  one.parts[index]?.source === other.parts[index]?.source;
