const written = document.getElementById("chattable")?.dataset.base;

/** The path that the page stands under, with a slash at both ends: the server writes it into the root element. */
export const base = written?.startsWith("/") ? written : "/";

/** The address of something beside the page, such as the API, from its path below `base`. */
export const beside = (path: string): string => base + path;
