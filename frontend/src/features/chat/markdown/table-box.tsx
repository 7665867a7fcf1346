import { type ReactNode, useRef } from "react";
import { CopyButton } from "@/features/chat/turns/copy-button";
import { strings } from "@/shared/strings";
import { csvOf } from "./csv";

/** A table that scrolls in its own box, and can be copied for a spreadsheet. */
export function TableBox({ children }: { children: ReactNode }) {
  const table = useRef<HTMLDivElement>(null);
  const copied = () => (table.current ? csvOf(table.current) : "");
  return (
    <div className="ct-md-table">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <div className="ct-md-table-scroll" tabIndex={0}>
        {/* biome-ignore lint/a11y/useSemanticElements: a long one is several tables for the browser */}
        <div ref={table} role="table">
          {children}
        </div>
      </div>
      <div className="ct-md-table-tools">
        <CopyButton text={copied} label={strings.message.copyTable} />
      </div>
    </div>
  );
}
