import type { Heading } from "mdast";
import { BlockView } from "./block-view";
import type { Block } from "./blocks";

/** The blocks of a text; its first heading is the highest, whatever level the model began with. */
export function BlocksView({ blocks }: { blocks: readonly Block[] }) {
  const first = blocks.find(headingOf);
  const top = first && headingOf(first)?.depth;
  return blocks.map((block) => (
    <BlockView key={block.start} block={block} top={headingOf(block) && top} />
  ));
}

function headingOf({ parts: [part] }: Block): Heading | undefined {
  const node = part?.nodes[0];
  return node?.type === "heading" ? node : undefined;
}
