import type { ReactNode } from "react";

/** Says above the box what the reader should know of what was sent. */
export function Line({ children }: { children: ReactNode }) {
  return (
    <p role="status" className="px-4 text-13 text-warn">
      {children}
    </p>
  );
}
