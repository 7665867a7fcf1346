import { createContext, use } from "react";

/** The root element of the page: what floats is put into it, so that it inherits the look. */
export const PortalRoot = createContext<HTMLElement | null>(null);

export const usePortalRoot = () => use(PortalRoot);
