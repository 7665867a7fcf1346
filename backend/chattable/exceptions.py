"""What can go wrong, said once: error codes with plain words, and the body of every API error."""

import logging
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions as drf
from rest_framework import status

if TYPE_CHECKING:
    from rest_framework.response import Response

logger = logging.getLogger(__name__)

# Why an answer failed: stored as `Message.error`, shown to people in these words.
ANSWER_ERRORS = {
    "queue_unavailable": _("The answer could not be queued. Your message is saved; try again in a moment."),
    "provider_unavailable": _("The model provider could not be reached. Try again in a moment."),
    "provider_auth": _("The model provider refused our credentials. The operator has to check the API key."),
    "model_not_found": _("The model provider does not know this model. Choose another one."),
    "rate_limited": _("The model provider is busy. Try again in a moment."),
    "provider_rejected": _("The model provider refused this request."),
    "provider_error": _("The model provider reported an error."),
    "provider_incomplete": _("The connection to the model provider ended early. What had arrived is kept."),
    "provider_timeout": _("The model provider fell silent. What had arrived is kept."),
    "worker_lost": _("The answer was interrupted several times. What had arrived is kept."),
    "internal": _("Something went wrong on our side. What had arrived is kept."),
}

# Instead of these where the provider has said until when it is busy.
BUSY_UNTIL = _("The model provider is busy. Try again after %(time)s.")


class ChattableError(Exception):
    """Base of the package's own errors."""


class AnswerFailed(ChattableError):
    """An answer could not be finished; `code` is a key of `ANSWER_ERRORS`, the text is for the operator.

    `retry_after` is how many seconds the provider wants to be left alone; 0 where it did not say.
    """

    def __init__(self, code: str, detail: str = "", *, retry_after: float = 0.0) -> None:
        super().__init__(detail or code)
        self.code = code
        self.retry_after = retry_after


class QueueUnavailable(ChattableError):
    """The broker could not be reached."""


class Conflict(drf.APIException):
    """409: the request is well formed, but the state of the chat does not allow it; `code` says why."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = _("The request conflicts with the current state.")
    default_code = "conflict"


class OtherOwner(drf.NotAuthenticated):
    """401: the request names an owner (`X-Chattable-Owner`) who is not the one that it comes from."""

    default_detail = _("Somebody else is signed in here now.")
    default_code = "other_owner"


class TooManyRunning(drf.APIException):
    """429: the owner has as many open answers as `MAX_RUNNING` allows."""

    status_code = status.HTTP_429_TOO_MANY_REQUESTS
    default_detail = _("Too many of your answers are still running. Wait for one to end, or stop one.")
    default_code = "too_many_running"


class ProviderUnavailable(drf.APIException):
    """503: the model provider could not be asked."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = ANSWER_ERRORS["provider_unavailable"]
    default_code = "provider_unavailable"


class DatabaseUnavailable(drf.APIException):
    """503: the database is away or does not let us in; nothing of the request was kept."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = _("The service is not reachable. Try again in a moment.")
    default_code = "database_unavailable"


class EventsUnavailable(drf.APIException):
    """503: events cannot be followed now, because the database or the channel layer is away."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = _("Events cannot be followed at the moment. Try again soon.")
    default_code = "events_unavailable"


class EventsNeedAsgi(drf.APIException):
    """501: this server runs Django without what serves the events."""

    status_code = status.HTTP_501_NOT_IMPLEMENTED
    default_detail = _("This server has no events. The operator has to run it by ASGI, with `with_events`.")
    default_code = "events_need_asgi"


class TooLarge(drf.APIException):
    """413: the request body is larger than any valid request."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = _("The request is too large.")
    default_code = "too_large"


def exception_handler(exc: Exception, context: dict[str, Any]) -> "Response | None":
    """DRF exception handler: every error is `{code, detail}`, a validation error also has `fields`."""
    # Imported late: these load the host's authentication classes, which may import our models.
    from rest_framework.response import Response
    from rest_framework.views import set_rollback

    if isinstance(exc, Http404):
        exc = drf.NotFound()
    elif isinstance(exc, PermissionDenied):
        exc = drf.PermissionDenied()
    elif isinstance(exc, OperationalError | InterfaceError):
        logger.error("The database could not be reached: %s", exc)
        exc = DatabaseUnavailable()
    if not isinstance(exc, drf.APIException):
        return None
    set_rollback()
    return Response(body_of(exc), status=exc.status_code, headers=_headers(exc))


def body_of(exc: drf.APIException) -> dict[str, Any]:
    """The JSON body of an error."""
    if isinstance(exc, drf.ValidationError):
        return {"code": "invalid", "detail": str(_("Check the marked fields.")), "fields": _fields(exc.detail)}
    return {"code": exc.get_codes(), "detail": str(exc.detail)}


def _fields(detail: Any, *, path: str = "") -> dict[str, list[dict[str, str]]]:
    """The errors by field; the name of a nested field is its path, as in `parameters.temperature`."""
    if isinstance(detail, dict):
        nested = [_fields(value, path=_join(path, str(name))) for name, value in detail.items()]
        return {name: errors for fields in nested for name, errors in fields.items()}
    errors = detail if isinstance(detail, list) else [detail]
    return {
        path or "non_field_errors": [
            {"code": getattr(error, "code", "invalid"), "detail": str(error)} for error in errors
        ]
    }


def _join(path: str, name: str) -> str:
    if name == "non_field_errors":
        return path
    return f"{path}.{name}" if path else name


def _headers(exc: drf.APIException) -> dict[str, str]:
    headers = {}
    if auth_header := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    if wait := getattr(exc, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return headers
