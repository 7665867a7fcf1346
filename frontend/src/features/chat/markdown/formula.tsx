import { useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Katex } from "./katex";
import { loadedKatex, loadKatex } from "./katex";

interface Props {
  tex: string;
  isDisplay: boolean;
  /** As it was written, for as long as nothing can set it. */
  source: string;
}

/** A formula, set as soon as KaTeX is loaded; one that is no TeX stays as it was written. */
export function Formula({ tex, isDisplay, source }: Props) {
  const place = useRef<HTMLSpanElement>(null);
  const [katex, setKatex] = useState<Katex | undefined>(loadedKatex);
  useEffect(() => {
    if (!katex)
      loadKatex().then(
        (loaded) => setKatex(() => loaded),
        () => undefined,
      );
  }, [katex]);
  useLayoutEffect(() => {
    if (place.current && katex) paint(katex, place.current, { tex, isDisplay, source });
  }, [katex, tex, isDisplay, source]);
  const shown = katex ? null : source;
  if (!isDisplay)
    return (
      <span ref={place} dir="ltr" className="ct-md-formula">
        {shown}
      </span>
    );
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <span ref={place} dir="ltr" className="ct-md-display" tabIndex={0}>
      {shown}
    </span>
  );
}

/** Sets styles through the DOM, as the page's policy asks. */
function paint(katex: Katex, place: HTMLElement, { tex, isDisplay, source }: Props): void {
  try {
    katex.render(tex, place, {
      displayMode: isDisplay,
      maxSize: 20,
      maxExpand: 500,
      strict: false,
    });
  } catch {
    place.textContent = source;
  }
}
