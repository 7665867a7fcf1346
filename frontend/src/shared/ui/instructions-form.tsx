import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useEffect, useId, useRef } from "react";
import { asApiError } from "@/shared/api/error";
import { strings } from "@/shared/strings";
import { Button } from "./button";

interface Props {
  label: string;
  hint: string;
  value: string;
  save: (instructions: string) => Promise<unknown>;
}

/** What a person wants the model to keep to, and the button that saves it. */
export function InstructionsForm({ label, hint, value, save }: Props) {
  const id = useId();
  const box = useRef<HTMLTextAreaElement>(null);
  const known = useRef(value);
  const saving = useMutation({ mutationFn: save });
  const error = saving.error && asApiError(saving.error);
  useEffect(() => {
    // Saved elsewhere meanwhile; what is being written here stays.
    if (box.current?.value === known.current) box.current.value = value;
    known.current = value;
  }, [value]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (box.current && !saving.isPending) saving.mutate(box.current.value);
  };
  return (
    <form className="grid grid-cols-1 gap-2" onSubmit={submit}>
      <label htmlFor={id} className="font-medium text-14">
        {label}
      </label>
      <textarea
        ref={box}
        id={id}
        defaultValue={value}
        dir="auto"
        rows={5}
        aria-describedby={`${id}-note`}
        aria-invalid={error ? true : undefined}
        onInput={() => saving.isIdle || saving.reset()}
        className="w-full rounded-control border border-edge bg-raised px-3 py-2 text-14 aria-invalid:border-danger pointer-coarse:text-16"
      />
      <p id={`${id}-note`} className={`text-13 ${error ? "text-danger" : "text-faint"}`}>
        {error ? (error.field("instructions") ?? error.message) : hint}
      </p>
      <div className="flex items-center gap-3">
        <Button type="submit">{strings.settings.save}</Button>
        <p role="status" className="text-13 text-ok">
          {saving.isSuccess && strings.settings.saved}
        </p>
      </div>
    </form>
  );
}
