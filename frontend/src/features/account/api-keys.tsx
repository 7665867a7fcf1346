import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { asApiError } from "@/shared/api/error";
import { createKey, keysQuery, revokeKey } from "@/shared/api/keys";
import { strings } from "@/shared/strings";
import { Button } from "@/shared/ui/button";
import { Field } from "@/shared/ui/field";

export function ApiKeys() {
  const client = useQueryClient();
  const keys = useQuery(keysQuery);
  const refresh = () => client.invalidateQueries({ queryKey: keysQuery.queryKey });
  const creation = useMutation({ mutationFn: createKey, onSuccess: refresh });
  const revocation = useMutation({ mutationFn: revokeKey, onSuccess: refresh });
  const failure = creation.error ?? revocation.error ?? keys.error;
  const error = failure && asApiError(failure);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const name = String(new FormData(form).get("name")).trim();
    if (name && !creation.isPending) creation.mutate(name, { onSuccess: () => form.reset() });
  };
  return (
    <section className="grid grid-cols-1 gap-3">
      <h3 className="text-16">{strings.account.keysTitle}</h3>
      <p className="text-13 text-soft">{strings.account.keysHint}</p>
      <ul className="grid gap-1">
        {keys.data?.results.map(({ id, name, prefix }) => (
          <li
            key={id}
            className="flex items-center gap-3 rounded-control bg-surface py-1 ps-3 pe-1"
          >
            <span className="min-w-0 flex-1 truncate">{name}</span>
            <code className="min-w-0 truncate text-13 text-faint">{prefix}…</code>
            <Button
              aria-label={strings.account.keyRevoke(name)}
              onClick={() => revocation.mutate(id)}
            >
              {strings.account.revoke}
            </Button>
          </li>
        ))}
      </ul>
      {keys.data?.results.length === 0 && <p className="text-faint">{strings.account.noKeys}</p>}
      {creation.data && (
        <p role="status" className="grid gap-1 rounded-block bg-surface p-3">
          {strings.account.keyShown}
          <code className="select-all break-all text-13">{creation.data.key}</code>
        </p>
      )}
      {error && !error.field("name") && (
        <p role="alert" className="text-13 text-danger">
          {error.message}
        </p>
      )}
      <form className="flex flex-wrap items-end gap-2" onSubmit={submit}>
        <Field
          label={strings.account.keyName}
          name="name"
          required
          maxLength={100}
          error={error?.field("name")}
          className="min-w-0 flex-1 basis-32"
        />
        <Button type="submit" className="h-10">
          {strings.account.keyCreate}
        </Button>
      </form>
    </section>
  );
}
