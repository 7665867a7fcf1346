"""The static files of the installed apps."""

from pathlib import Path

from django.contrib.staticfiles import finders
from django.core.exceptions import SuspiciousFileOperation
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from chattable.page import send
from config.errors import not_found


@require_safe
def static(request: HttpRequest, path: str) -> HttpResponse:
    """A static file of an installed app, such as the admin's."""
    try:
        found = finders.find(path)
    except SuspiciousFileOperation:
        found = None
    return send(request, Path(found) if found else None, cache="public, max-age=3600") or not_found(request)
