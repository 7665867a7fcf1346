import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { asApiError } from "@/shared/api/error";
import { useWriter } from "@/shared/api/session";
import { readDraft, writeDraft } from "@/shared/drafts";
import { strings } from "@/shared/strings";
import { Button } from "./button";

interface Props {
  /** Where what is written is kept until it is saved. */
  place: string;
  label: string;
  hint: string;
  value: string;
  save: (instructions: string) => Promise<unknown>;
}

/** What a person wants the model to keep to, and the button that saves it; until then it is a draft. */
export function InstructionsForm({ place, label, hint, value, save }: Props) {
  const id = useId();
  const user = useWriter();
  const [draft] = useState(() => readDraft(user, place).text);
  const box = useRef<HTMLTextAreaElement>(null);
  const known = useRef(value);
  // At once and never as a large one: a reload may be the next thing.
  const keep = (text: string) => writeDraft(user, place, { text }, true);
  const saving = useMutation({
    mutationFn: save,
    onSuccess: (_, text) => {
      if (readDraft(user, place).text === text) keep("");
    },
  });
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
        defaultValue={draft || value}
        dir="auto"
        rows={5}
        aria-describedby={`${id}-note`}
        aria-invalid={error ? true : undefined}
        onInput={({ currentTarget: { value: text } }) => {
          keep(text === value ? "" : text);
          if (!saving.isIdle) saving.reset();
        }}
        className="w-full rounded-control border border-edge bg-raised px-3 py-2 text-14 aria-invalid:border-danger pointer-coarse:text-16"
      />
      <p id={`${id}-note`} className={`text-13 ${error ? "text-danger" : "text-faint"}`}>
        {error ? (error.field("instructions") ?? error.message) : hint}
      </p>
      <div className="flex items-center gap-3">
        <Button type="submit">{strings.settings.save}</Button>
        <p role="status" className={`text-13 ${saving.isSuccess ? "text-ok" : "text-faint"}`}>
          {saving.isSuccess && strings.settings.saved}
          {saving.isIdle && draft && strings.settings.unsaved}
        </p>
      </div>
    </form>
  );
}
