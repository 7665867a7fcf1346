import { Link, useSearch } from "@tanstack/react-router";
import { signUp } from "@/shared/api/session";
import { strings } from "@/shared/strings";
import { CredentialsForm } from "./credentials-form";
import { useEnter } from "./use-enter";

export function SignupPage() {
  const { next } = useSearch({ strict: false });
  const { enter, entering, error } = useEnter(signUp);
  return (
    <CredentialsForm
      title={strings.auth.signupTitle}
      action={strings.auth.signup}
      newPassword
      busy={entering}
      error={error}
      onSubmit={enter}
    >
      {strings.auth.haveAccount}{" "}
      <Link to="/login" search={{ next }} className="text-accent underline">
        {strings.auth.login}
      </Link>
    </CredentialsForm>
  );
}
