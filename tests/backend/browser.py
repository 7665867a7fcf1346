"""A browser as the page uses it: cookies, and the CSRF token of its cookie in a header."""

from typing import Any

from django.test import Client

AUTH = "/_allauth/browser/v1"


class Browser(Client):
    """A test client whose CSRF checks are on, and which sends JSON as the page does."""

    def __init__(self) -> None:
        super().__init__(enforce_csrf_checks=True)
        self.get("/api/config/")

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer to a request with the CSRF header and a JSON body."""
        token = self.cookies["csrftoken"].value
        data = {} if body is None else {"data": body, "content_type": "application/json"}
        return getattr(self, method)(path, headers={"X-CSRFToken": token}, **data)

    def sign_up(self, email: str, password: str) -> Any:
        """The answer to the sign-up form."""
        return self.call("post", f"{AUTH}/auth/signup", {"email": email, "password": password})

    def log_in(self, email: str, password: str) -> Any:
        """The answer to the login form."""
        return self.call("post", f"{AUTH}/auth/login", {"email": email, "password": password})

    def log_out(self) -> Any:
        """The answer to the logout button."""
        return self.call("delete", f"{AUTH}/auth/session")

    def change_password(self, current: str, new: str) -> Any:
        """The answer to the form that changes the password."""
        body = {"current_password": current, "new_password": new}
        return self.call("post", f"{AUTH}/account/password/change", body)

    def sessions(self) -> Any:
        """The sessions of the person, as the page lists them."""
        return self.get(f"{AUTH}/auth/sessions").json()["data"]

    def end_sessions(self, *ids: int) -> Any:
        """The answer to the button that ends sessions."""
        return self.call("delete", f"{AUTH}/auth/sessions", {"sessions": ids})

    def signed_in(self) -> bool:
        """Whether the server takes this browser for signed in."""
        return bool(self.get(f"{AUTH}/auth/session").json()["meta"]["is_authenticated"])
