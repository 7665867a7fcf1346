import { type ComponentType, use } from "react";
import { PlainFallback } from "@/features/chat/markdown/plain-fallback";
import { type Parts, RenderersContext } from "./parts";

/** One part of a message, by the renderer of its kind; one that fails leaves the text to be read. */
export function Part<Kind extends keyof Parts>({ kind, ...part }: { kind: Kind } & Parts[Kind]) {
  const Renderer = use(RenderersContext)[kind] as ComponentType<typeof part>;
  return (
    <PlainFallback text={part.text}>
      <Renderer {...part} />
    </PlainFallback>
  );
}
