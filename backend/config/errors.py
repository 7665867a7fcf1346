"""The errors that no app answers, in the API's shape."""

import logging

from django.db import IntegrityError, InterfaceError
from django.db import OperationalError as DatabaseAway
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import RawPostDataException
from django.utils.deprecation import MiddlewareMixin
from kombu.exceptions import OperationalError as QueueAway
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


def error(status: int, *, code: str, detail: str) -> JsonResponse:
    """An answer with the body of every error of the API."""
    return JsonResponse({"code": code, "detail": detail}, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    """400 for a request that Django itself refuses."""
    return error(400, code="invalid", detail="The request is malformed.")


def csrf_failure(request: HttpRequest, reason: str = "") -> JsonResponse:
    """403 for a changing request without the token of the CSRF cookie."""
    return error(403, code="permission_denied", detail=f"CSRF failed: {reason}")


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    """403 for what this person may not do."""
    return error(403, code="permission_denied", detail="You may not do this.")


def not_found(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    """404 for an address that nothing answers."""
    return error(404, code="not_found", detail="Not found.")


def server_error(request: HttpRequest) -> JsonResponse:
    """500 for an error that is ours."""
    return error(500, code="internal", detail="Something went wrong on our side.")


def away(what: str, exception: Exception, *, code: str) -> JsonResponse:
    """503 for what cannot be reached at the moment, with a line for the operator."""
    logger.error("%s could not be reached: %s", what, exception)
    return error(503, code=code, detail="The service is not reachable. Try again in a moment.")


class ErrorMiddleware(MiddlewareMixin):
    """Answers what the request or the moment is to blame for, where it would be a 500 otherwise."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The answer to an exception that no view has handled, or None to leave it to Django."""
        match exception:
            case RedisError() | QueueAway():
                return away("Valkey", exception, code="queue_unavailable")
            case DatabaseAway() | InterfaceError():
                return away("The database", exception, code="database_unavailable")
            case IntegrityError():
                logger.warning("Two requests wrote the same at once: %s", exception)
                return error(409, code="conflict", detail="Somebody was faster. Check what you entered.")
            case RawPostDataException():
                return error(415, code="unsupported_media_type", detail="Send JSON.")
            case RecursionError():
                return error(400, code="parse_error", detail="The JSON is nested too deeply.")
            case UnicodeEncodeError(reason="surrogates not allowed"):
                return error(400, code="invalid", detail="The text holds half a character.")
        return None
