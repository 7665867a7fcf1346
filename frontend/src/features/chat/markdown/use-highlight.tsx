import type { ElementContent, RootContent } from "hast";
import { type ReactNode, useEffect, useState } from "react";

interface Highlight {
  source: string;
  painted: ReactNode;
}

const EVERY = 250;
const MOST_LINES = 2_000;
const MOST_LINES_WHILE_OPEN = 400;
const NOTHING: Highlight = { source: "", painted: null };

/** The coloured beginning of the code and its length; the rest is still plain. Colours, once there, stay. */
export function useHighlight(
  code: string,
  lang: string,
  isOpen: boolean,
): { painted: ReactNode; length: number } {
  const [last, setLast] = useState(NOTHING);
  const target = isOpen ? code.slice(0, code.lastIndexOf("\n") + 1) : code;
  const isWanted =
    lang !== "" && target !== "" && target !== last.source && countLines(target, isOpen);
  useEffect(() => {
    if (!isWanted) return;
    let isCurrent = true;
    const timer = setTimeout(
      async () => {
        const painted = await paint(target, lang);
        if (isCurrent && painted) setLast({ source: target, painted });
      },
      isOpen ? EVERY : 0,
    );
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [target, lang, isOpen, isWanted]);
  return code.startsWith(last.source)
    ? { painted: last.painted, length: last.source.length }
    : { painted: null, length: 0 };
}

function countLines(code: string, isOpen: boolean): boolean {
  const most = isOpen ? MOST_LINES_WHILE_OPEN : MOST_LINES;
  return code.split("\n", most + 1).length <= most;
}

async function paint(code: string, lang: string): Promise<ReactNode> {
  try {
    const { highlight } = await import("./highlighter");
    const nodes = await highlight(code, lang);
    return nodes?.map(toReact);
  } catch {
    // The chunk could not be loaded: the code stays plain.
    return null;
  }
}

function toReact(node: RootContent | ElementContent, index: number): ReactNode {
  if (node.type === "text") return node.value;
  if (node.type !== "element") return null;
  const names = node.properties.className;
  return (
    <span key={index} className={Array.isArray(names) ? names.join(" ") : undefined}>
      {node.children.map(toReact)}
    </span>
  );
}
