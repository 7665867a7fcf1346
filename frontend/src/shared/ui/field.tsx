import { type ComponentProps, useId } from "react";

interface Props extends ComponentProps<"input"> {
  label: string;
  hint?: string;
  error?: string;
}

/** One labelled input with its hint and its error. */
export function Field({ label, hint, error, className = "", ...rest }: Props) {
  const id = useId();
  const note = error ?? hint;
  return (
    <div className={`grid gap-1 ${className}`}>
      <label htmlFor={id} className="font-medium text-14">
        {label}
      </label>
      <input
        id={id}
        aria-invalid={error ? true : undefined}
        aria-describedby={note ? `${id}-note` : undefined}
        className="h-10 w-full rounded-control border border-edge bg-raised px-3 text-16 aria-invalid:border-danger pointer-coarse:h-11"
        {...rest}
      />
      {note && (
        <p id={`${id}-note`} className={`text-13 ${error ? "text-danger" : "text-faint"}`}>
          {note}
        </p>
      )}
    </div>
  );
}
