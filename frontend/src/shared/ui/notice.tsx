import type { ReactNode } from "react";
import { WarnIcon } from "./icons";

interface Props {
  title: string;
  children?: ReactNode;
  /** The way on: one button. */
  action?: ReactNode;
  className?: string;
}

/** Says what went wrong, at the place where it did; red is only the icon. */
export function Notice({ title, children, action, className = "" }: Props) {
  return (
    <div
      role="alert"
      className={`flex flex-wrap items-center gap-x-3 gap-y-2 rounded-block border border-line bg-surface px-4 py-3 text-14 ${className}`}
    >
      <span className="text-danger">
        <WarnIcon />
      </span>
      <p className="min-w-0 flex-1 basis-48">
        <strong>{title}</strong> {children}
      </p>
      {action}
    </div>
  );
}
