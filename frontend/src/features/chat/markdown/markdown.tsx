import "./markdown.css";
import { useMemo, useRef, useState } from "react";
import { BlocksView } from "./blocks-view";
import { PlainFallback } from "./plain-fallback";
import { Splitter } from "./splitter";
import { usePaced } from "./use-paced";

interface Props {
  text: string;
  isGrowing: boolean;
}

/** Markdown as it was written by a model: nothing in it runs, loads or moves what is already there. */
export function Markdown(props: Props) {
  return (
    <PlainFallback text={props.text}>
      <Blocks {...props} />
    </PlainFallback>
  );
}

function Blocks({ text, isGrowing }: Props) {
  const root = useRef<HTMLDivElement>(null);
  const [splitter] = useState(() => new Splitter());
  const shown = usePaced({ text, isGrowing }, root);
  const blocks = useMemo(
    () => splitter.read(shown.text, shown.isGrowing),
    [splitter, shown.text, shown.isGrowing],
  );
  return (
    <div ref={root} className="ct-md">
      <BlocksView blocks={blocks} />
    </div>
  );
}
