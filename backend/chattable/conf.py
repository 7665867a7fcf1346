"""The `CHATTABLE` setting: one table of defaults, unknown names raise."""

from collections.abc import Mapping
from importlib import import_module
from io import BytesIO
from typing import Any

from django.conf import settings as django_settings
from django.contrib.auth import get_user
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.asgi import ASGIRequest
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

DEFAULTS: Mapping[str, Any] = {
    # Who owns the chats of a request or of a socket's scope: (request | scope) -> owner or None.
    "OWNER_RESOLVER": "chattable.conf.signed_in_user",
    # The folder of the built page, and what it offers beside chats, of `FEATURES`. Without "login" it sends people to
    # Django's LOGIN_URL.
    "PAGE": None,
    "FEATURES": (),
    # The provider. None: the openai SDK reads OPENAI_API_KEY and OPENAI_BASE_URL from the environment.
    "API_KEY": None,
    "BASE_URL": None,
    # The model of a chat that names none, and the models that may be asked for (None: any).
    "MODEL": "gpt-5-mini",
    "MODELS": None,
    # The longest message a person may send, in characters.
    "MAX_MESSAGE_CHARS": 500_000,
    # How many answers of one owner may be queued or streaming at a time.
    "MAX_RUNNING": 32,
    # Said to the model after an answer that it is to go on with. Empty: the provider goes on by itself.
    "CONTINUE_PROMPT": "Go on exactly where you stopped. Repeat nothing and do not comment on this.",
    # Recovery, all in seconds: how long a worker owns an answer without renewing it, how often it renews and
    # saves, how often it looks for lost answers, and when a queued answer counts as forgotten by the broker.
    "LEASE_SECONDS": 15.0,
    "HEARTBEAT_SECONDS": 0.5,
    "SWEEP_SECONDS": 5.0,
    "REQUEUE_SECONDS": 10.0,
    # How many workers may try one answer before it fails.
    "MAX_ATTEMPTS": 3,
    # Provider limits, in seconds: until the first token, between tokens, and after the finish reason.
    "FIRST_TOKEN_SECONDS": 120.0,
    "IDLE_SECONDS": 60.0,
    "END_SECONDS": 5.0,
    # Requests sent to the provider for one answer, by all workers together, and the longest `Retry-After` that is
    # waited for.
    "MAX_REQUESTS": 3,
    "RETRY_AFTER_SECONDS": 30.0,
    # How long an overridden hook may take before it is detached from its message, in seconds.
    "HOOK_SECONDS": 10.0,
    # The shortest time between two flushes of events while a process is busy, in seconds.
    "FLUSH_SECONDS": 0.008,
    # How often a socket's credential is checked again, in seconds.
    "RECHECK_SECONDS": 30.0,
}

# What the page can offer where the server has the addresses for it, as the starter has.
FEATURES = ("login", "signup", "password", "sessions", "api_keys", "delete_account")


class Settings:
    """Read-only view of `settings.CHATTABLE` over `DEFAULTS`; a wrong name raises `ImproperlyConfigured`."""

    def __init__(self) -> None:
        self._values: dict[str, Any] | None = None

    def __getattr__(self, name: str) -> Any:
        if name not in DEFAULTS:
            raise AttributeError(f"CHATTABLE has no setting {name!r}")
        return self.values()[name]

    def values(self) -> dict[str, Any]:
        """All settings with their values in force."""
        if self._values is None:
            given = getattr(django_settings, "CHATTABLE", {})
            if not isinstance(given, Mapping):
                raise ImproperlyConfigured("CHATTABLE must be a dictionary.")
            if unknown := sorted(set(given) - set(DEFAULTS)):
                raise ImproperlyConfigured(
                    f"CHATTABLE has unknown settings: {', '.join(unknown)}. Known are: {', '.join(sorted(DEFAULTS))}."
                )
            self._values = {**DEFAULTS, **given}
        return self._values

    def reload(self) -> None:
        """Forget what was read, so that the next access reads Django's settings again."""
        self._values = None


settings = Settings()


def _on_setting_changed(*, setting: str, **_: Any) -> None:
    if setting == "CHATTABLE":
        settings.reload()


setting_changed.connect(_on_setting_changed)


def resolve_owner(source: Any) -> Any:
    """The owner of a request, or of the scope of a socket or stream, as `OWNER_RESOLVER` says, or None; synchronous."""
    resolver = settings.OWNER_RESOLVER
    resolver = import_string(resolver) if isinstance(resolver, str) else resolver
    return resolver(source)


def signed_in_user(source: Any) -> Any:
    """The signed-in user of a request or of a scope, or None; a scope's session is read afresh.

    In a socket a cookie counts only together with an origin, which has been checked before.
    """
    user = _session_user(request_of(source)) if isinstance(source, Mapping) else source.user
    return user if user and user.is_authenticated and user.is_active else None


def _session_user(request: ASGIRequest) -> Any:
    if request.scope["type"] == "websocket" and "Origin" not in request.headers:
        return None
    engine = import_module(django_settings.SESSION_ENGINE)
    request.session = engine.SessionStore(request.COOKIES.get(django_settings.SESSION_COOKIE_NAME))
    # Neither can hand out a new cookie: a session renewed here would be lost to the browser.
    request.session.cycle_key = lambda: None  # type: ignore[method-assign]
    return get_user(request)


def request_of(scope: Mapping[str, Any]) -> ASGIRequest:
    """The request of a stream or a socket's handshake as Django's: its headers, cookies, host and scheme."""
    scheme = "https" if scope.get("scheme") in {"wss", "https"} else "http"
    return ASGIRequest({**scope, "method": "GET", "scheme": scheme}, BytesIO())


def header(scope: Mapping[str, Any], name: bytes) -> str:
    """The value of one header of an ASGI scope, or the empty string."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")
