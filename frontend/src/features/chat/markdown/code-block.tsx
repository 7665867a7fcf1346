import { useState } from "react";
import { CopyButton } from "@/features/chat/turns/copy-button";
import { strings } from "@/shared/strings";
import { IconButton } from "@/shared/ui/icon-button";
import { WrapIcon } from "@/shared/ui/icons";
import { cutLines } from "./pieces";
import { useHighlight } from "./use-highlight";

interface Props {
  code: string;
  lang: string;
  /** The closing fence has not come. */
  isOpen?: boolean;
}

/** Code as it was written, coloured as soon as its language is loaded. */
export function CodeBlock({ code, lang, isOpen = false }: Props) {
  const [isWrapped, setWrapped] = useState(false);
  const { painted, length } = useHighlight(code, lang, isOpen);
  return (
    <div className="ct-md-code">
      <div className="ct-md-code-head">
        <span>{lang || strings.message.code}</span>
        <IconButton
          className="ms-auto"
          label={strings.message.wrapCode}
          aria-pressed={isWrapped}
          icon={<WrapIcon />}
          onClick={() => setWrapped(!isWrapped)}
        />
        <CopyButton text={code} label={strings.message.copyCode} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <pre dir="ltr" tabIndex={0} className={isWrapped ? "ct-md-wrap" : undefined}>
        <code>
          {painted && <span>{painted}</span>}
          {cutLines(code, length).map(({ at, source }) => (
            <span key={at}>{source}</span>
          ))}
        </code>
      </pre>
    </div>
  );
}
