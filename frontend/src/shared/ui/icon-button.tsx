import type { ComponentProps, ReactNode } from "react";

interface Props extends Omit<ComponentProps<"button">, "children"> {
  /** What it does, in words: read out, and shown on hover. */
  label: string;
  icon: ReactNode;
}

export function IconButton({ label, icon, className = "", type = "button", ...rest }: Props) {
  return (
    <button
      type={type}
      aria-label={label}
      title={label}
      className={`inline-flex size-8 shrink-0 items-center justify-center rounded-control border border-transparent text-soft transition hover:bg-bubble hover:text-text disabled:opacity-60 pointer-coarse:size-11 ${className}`}
      {...rest}
    >
      {icon}
    </button>
  );
}
