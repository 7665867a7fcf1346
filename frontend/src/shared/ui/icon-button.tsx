import type { ComponentProps, ReactNode } from "react";

const looks = {
  quiet: "rounded-control text-soft hover:bg-bubble hover:text-text",
  accent: "rounded-full bg-accent text-on-accent hover:opacity-90",
};

interface Props extends Omit<ComponentProps<"button">, "children"> {
  /** What it does, in words: read out, and shown on hover. */
  label: string;
  icon: ReactNode;
  look?: keyof typeof looks;
}

export function IconButton({
  label,
  icon,
  look = "quiet",
  className = "",
  type = "button",
  ...rest
}: Props) {
  return (
    <button
      type={type}
      aria-label={label}
      title={label}
      className={`inline-flex size-8 shrink-0 items-center justify-center border border-transparent transition disabled:opacity-60 aria-disabled:opacity-60 pointer-coarse:size-11 ${looks[look]} ${className}`}
      {...rest}
    >
      {icon}
    </button>
  );
}
