import { type FormEvent, type ReactNode, useRef } from "react";
import type { ApiError } from "@/shared/api/error";
import { strings } from "@/shared/strings";
import { Button } from "@/shared/ui/button";
import { Field } from "@/shared/ui/field";
import { Notice } from "@/shared/ui/notice";
import type { Credentials } from "./use-enter";

interface Props {
  title: string;
  action: string;
  newPassword?: boolean;
  hint?: string;
  demo?: Credentials | null;
  busy: boolean;
  error: ApiError | null;
  onSubmit: (credentials: Credentials) => void;
  /** The way to the other form. */
  children: ReactNode;
}

/** Email and password, for logging in and for signing up. */
export function CredentialsForm(props: Props) {
  const { title, action, newPassword, hint, demo, busy, error, onSubmit, children } = props;
  const form = useRef<HTMLFormElement>(null);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    if (!busy)
      onSubmit({ email: String(data.get("email")), password: String(data.get("password")) });
  };
  const fill = (credentials: Credentials) => {
    for (const [name, value] of Object.entries(credentials)) {
      const input = form.current?.elements.namedItem(name);
      if (input instanceof HTMLInputElement) input.value = value;
    }
    form.current?.querySelector<HTMLButtonElement>("[type=submit]")?.focus();
  };
  const misplaced = error && !error.field("email") && !error.field("password");
  return (
    <main className="grid min-h-dvh place-items-center p-4">
      <div className="grid w-full max-w-form gap-6 py-8">
        <h1 className="text-24">{title}</h1>
        {hint && <p className="text-soft">{hint}</p>}
        <form ref={form} className="grid gap-4" onSubmit={submit}>
          {misplaced && <Notice title={error.message} />}
          <Field
            label={strings.auth.email}
            name="email"
            type="email"
            autoComplete="username"
            required
            error={error?.field("email")}
          />
          <Field
            label={strings.auth.password}
            name="password"
            type="password"
            autoComplete={newPassword ? "new-password" : "current-password"}
            required
            hint={newPassword ? strings.auth.passwordHint : undefined}
            error={error?.field("password")}
          />
          <Button type="submit" look="primary" aria-disabled={busy} className="min-h-11">
            {action}
          </Button>
        </form>
        {demo && (
          <div className="grid gap-3 rounded-block bg-surface p-4">
            <p>{strings.auth.demo}</p>
            <code className="text-13 text-soft">
              {demo.email}
              <br />
              {demo.password}
            </code>
            <Button onClick={() => fill(demo)}>{strings.auth.demoUse}</Button>
          </div>
        )}
        <p className="text-soft">{children}</p>
      </div>
    </main>
  );
}
