import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { configQuery, useOffers } from "@/shared/api/config";
import { login } from "@/shared/api/session";
import { strings } from "@/shared/strings";
import { CredentialsForm } from "./credentials-form";
import { useEnter } from "./use-enter";

export function LoginPage() {
  const { next } = useSearch({ strict: false });
  const { enter, entering, error } = useEnter(login);
  const config = useQuery(configQuery).data;
  const hasSignup = useOffers("signup");
  return (
    <CredentialsForm
      title={strings.auth.loginTitle}
      action={strings.auth.login}
      hint={next && strings.auth.again}
      demo={config?.demo_login}
      busy={entering}
      error={error}
      onSubmit={enter}
    >
      {hasSignup && (
        <>
          {strings.auth.noAccount}{" "}
          <Link to="/signup" search={{ next }} className="text-accent underline">
            {strings.auth.signup}
          </Link>
        </>
      )}
    </CredentialsForm>
  );
}
