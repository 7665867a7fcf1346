"""The accounts app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People who sign in by email, and the keys of their scripts."""

    name = "accounts"

    def ready(self) -> None:
        """Connect the signals that end open sockets."""
        from accounts import signals  # noqa: F401
