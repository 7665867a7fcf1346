import { type ComponentType, createContext } from "react";
import { Markdown } from "@/features/chat/markdown/markdown";
import type { ShownMessage } from "@/shared/api/types";
import { Reasoning } from "./reasoning";

export interface TextPart {
  message: ShownMessage;
  text: string;
  isGrowing: boolean;
}

/** Every kind of part that a message has, with what its renderer gets. */
export interface Parts {
  content: TextPart;
  reasoning: TextPart;
}

/** What shows each kind of part. */
export type Renderers = { readonly [Kind in keyof Parts]: ComponentType<Parts[Kind]> };

export const ourRenderers: Renderers = { content: Markdown, reasoning: Reasoning };

/** The renderers of this page: ours, unless the host has its own. */
export const RenderersContext = createContext(ourRenderers);
