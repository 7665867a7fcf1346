import { useMutation } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { asApiError } from "@/shared/api/error";
import { changePassword } from "@/shared/api/session";
import { strings } from "@/shared/strings";
import { Button } from "@/shared/ui/button";
import { Field } from "@/shared/ui/field";

export function PasswordForm() {
  const change = useMutation({ mutationFn: changePassword });
  const error = change.error && asApiError(change.error);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    if (change.isPending) return;
    change.mutate(
      {
        current_password: String(data.get("current_password")),
        new_password: String(data.get("new_password")),
      },
      { onSuccess: () => form.reset() },
    );
  };
  return (
    <form className="grid grid-cols-1 gap-3" onSubmit={submit}>
      <h3 className="text-16">{strings.account.passwordTitle}</h3>
      <Field
        label={strings.account.current}
        name="current_password"
        type="password"
        autoComplete="current-password"
        required
        error={error?.field("current_password")}
      />
      <Field
        label={strings.account.next}
        name="new_password"
        type="password"
        autoComplete="new-password"
        required
        error={error?.field("new_password")}
      />
      {error && Object.keys(error.fields).length === 0 && (
        <p role="alert" className="text-13 text-danger">
          {error.message}
        </p>
      )}
      <div className="flex items-center gap-3">
        <Button type="submit">{strings.account.change}</Button>
        <p role="status" className="text-13 text-ok">
          {change.isSuccess && strings.account.changed}
        </p>
      </div>
    </form>
  );
}
