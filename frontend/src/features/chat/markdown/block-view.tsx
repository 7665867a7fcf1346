import { type ComponentProps, memo } from "react";
import type { Block, Part } from "./blocks";
import { CodeBlock } from "./code-block";
import { PartView } from "./part-view";
import { TableBox } from "./table-box";

interface Props {
  block: Block;
  /** For a heading: how deep the first one of the text is. */
  top: number | undefined;
}

/** One block; it is painted again only when one of its parts is another one. */
export const BlockView = memo(function BlockView({ block, top }: Props) {
  const [head] = block.parts;
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
          {stretchesOf(block.parts, STRETCH.table).map(([first, ...others]) => (
            <table key={first.start} role="none">
              {first === head && (
                <thead>
                  <PartView part={head} pick="thead" />
                </thead>
              )}
              <tbody>{paint(first === head ? others : [first, ...others], "tbody")}</tbody>
            </table>
          ))}
        </TableBox>
      );
    case "paragraph":
      return (
        <p dir="auto">
          {stretchesOf(block.parts, STRETCH.paragraph).map((stretch) => (
            <span key={stretch[0].start} className="ct-md-stretch">
              {paint(stretch, "inline")}
            </span>
          ))}
        </p>
      );
    default:
      return <PartView part={head} pick="all" top={top} />;
  }
}, isSame);

/** So many parts stand together in an element: the browser lets the others rest while the last ones grow. */
const STRETCH = { paragraph: 4, list: 100, table: 100 };

type Stretch = readonly [Part, ...Part[]];

function stretchesOf(parts: readonly Part[], size: number): Stretch[] {
  const stretches: [Part, ...Part[]][] = [];
  parts.forEach((part, index) => {
    if (index % size === 0) stretches.push([part]);
    else stretches.at(-1)?.push(part);
  });
  return stretches;
}

const paint = (parts: readonly Part[], pick: ComponentProps<typeof PartView>["pick"]) =>
  parts.map((part) => <PartView key={part.start} part={part} pick={pick} />);

/** A very long list is several for the browser, and one for the eye. */
function List({ block: { first, parts } }: Pick<Props, "block">) {
  return stretchesOf(parts, STRETCH.list).map((stretch, index) => {
    const items = paint(stretch, "items");
    const { start } = stretch[0];
    const more = index > 0 ? "ct-md-more" : undefined;
    if (first === null)
      return (
        <ul key={start} className={more}>
          {items}
        </ul>
      );
    const number = first + index * STRETCH.list;
    return (
      <ol key={start} className={more} start={number === 1 ? undefined : number}>
        {items}
      </ol>
    );
  });
}

function isSame({ block: one, top }: Props, { block: other, top: otherTop }: Props): boolean {
  return (
    top === otherTop &&
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
