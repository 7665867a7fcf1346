const PROTOCOLS = new Set(["http:", "https:", "mailto:"]);

/** The address when it is a whole one that only opens a page or a mail; else an empty one. */
export function safeUrl(url: string): string {
  try {
    return PROTOCOLS.has(new URL(url).protocol) ? url : "";
  } catch {
    return "";
  }
}
