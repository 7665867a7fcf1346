import type { ComponentProps } from "react";

const looks = {
  primary: "border-transparent bg-accent text-on-accent hover:opacity-90",
  danger: "border-transparent bg-danger text-on-danger hover:opacity-90",
  quiet: "border-edge text-text hover:bg-bubble",
};

interface Props extends ComponentProps<"button"> {
  look?: keyof typeof looks;
}

export function Button({ look = "quiet", className = "", type = "button", ...rest }: Props) {
  return (
    <button
      type={type}
      className={`inline-flex min-h-9 items-center justify-center gap-2 rounded-control border px-4 text-14 font-medium transition disabled:opacity-60 aria-disabled:opacity-60 pointer-coarse:min-h-11 ${looks[look]} ${className}`}
      {...rest}
    />
  );
}
