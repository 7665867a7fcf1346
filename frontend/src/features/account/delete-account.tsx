import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { asApiError } from "@/shared/api/error";
import { deleteAccount } from "@/shared/api/session";
import { strings } from "@/shared/strings";
import { Button } from "@/shared/ui/button";
import { Field } from "@/shared/ui/field";
import { useLeave } from "./use-leave";

/** The end of the account: asked for, and confirmed by the password. */
export function DeleteAccount() {
  const leave = useLeave();
  const [isAsking, setAsking] = useState(false);
  const deletion = useMutation({ mutationFn: deleteAccount, onSuccess: leave });
  const error = deletion.error && asApiError(deletion.error);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const password = String(new FormData(event.currentTarget).get("password"));
    if (!deletion.isPending) deletion.mutate(password);
  };
  return (
    <section className="grid grid-cols-1 gap-3">
      <h3 className="text-16">{strings.account.deleteTitle}</h3>
      <p className="text-13 text-soft">{strings.account.deleteHint}</p>
      {!isAsking && (
        <Button className="justify-self-start text-danger" onClick={() => setAsking(true)}>
          {strings.account.delete}
        </Button>
      )}
      {isAsking && (
        <form ref={bringIn} className="grid scroll-mb-6 grid-cols-1 gap-3" onSubmit={submit}>
          <Field
            label={strings.account.deletePassword}
            name="password"
            type="password"
            autoComplete="current-password"
            required
            autoFocus
            error={error ? (error.field("password") ?? error.message) : undefined}
          />
          <div className="flex flex-wrap gap-2">
            <Button onClick={() => setAsking(false)}>{strings.app.cancel}</Button>
            <Button type="submit" look="danger">
              {strings.account.deleteNow}
            </Button>
          </div>
        </form>
      )}
    </section>
  );
}

/** Its buttons, too, although it opens at the lower edge. */
const bringIn = (form: HTMLFormElement | null) => form?.scrollIntoView({ block: "end" });
