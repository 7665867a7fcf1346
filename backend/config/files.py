"""The built page, its assets, and the static files of the installed apps."""

import asyncio
import mimetypes
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.exceptions import SuspiciousFileOperation
from django.http import HttpRequest, HttpResponse
from django.utils._os import safe_join
from django.views.decorators.http import require_safe

from config.errors import not_found

# Python knows these only where the system has a list of types.
for ending in ("woff", "woff2", "ttf"):
    mimetypes.add_type(f"font/{ending}", f".{ending}")

NOT_BUILT = "The page is not built yet: run `make build`, or `make dev` and open the link that it prints.\n"


@require_safe
async def page(request: HttpRequest, path: str) -> HttpResponse:
    """A file beside the page, such as its icon, or the page itself, whose own routes begin here."""
    file = await send(request, under(settings.PAGE, path), cache="no-cache")
    file = file or await send(request, settings.PAGE / "index.html", cache="no-cache")
    return file or HttpResponse(NOT_BUILT, status=503, content_type="text/plain; charset=utf-8")


@require_safe
async def asset(request: HttpRequest, path: str) -> HttpResponse:
    """A file of the page whose name holds its hash: browsers keep it for ever."""
    file = under(settings.PAGE / "assets", path)
    return await send(request, file, cache="public, max-age=31536000, immutable") or not_found(request)


@require_safe
async def static(request: HttpRequest, path: str) -> HttpResponse:
    """A static file of an installed app, such as the admin's."""
    try:
        found = await asyncio.to_thread(finders.find, path)
    except SuspiciousFileOperation:
        found = None
    return await send(request, Path(found) if found else None, cache="public, max-age=3600") or not_found(request)


def under(root: Path, path: str) -> Path | None:
    """The path below the root; None for one that leads out of it."""
    try:
        return Path(safe_join(root, path))
    except SuspiciousFileOperation:
        return None


async def send(request: HttpRequest, file: Path | None, *, cache: str) -> HttpResponse | None:
    """The file, from the `.gz` beside it if the browser takes that; None when there is no such file."""
    gzip = "gzip" in request.headers.get("Accept-Encoding", "")
    content, compressed = await asyncio.to_thread(read, file, gzip=gzip) if file else (None, False)
    if file is None or content is None:
        return None
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    kind = f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
    response = HttpResponse(content, content_type=kind, headers={"Cache-Control": cache, "Vary": "Accept-Encoding"})
    if compressed:
        response.headers["Content-Encoding"] = "gzip"
    return response


def read(file: Path, *, gzip: bool) -> tuple[bytes | None, bool]:
    """The content, and whether it is compressed; `(None, False)` when there is no such file."""
    if gzip and (compressed := content_of(file.with_name(f"{file.name}.gz"))) is not None:
        return compressed, True
    return content_of(file), False


def content_of(file: Path) -> bytes | None:
    """The bytes of a file, or None when there is none."""
    try:
        return file.read_bytes()
    except (OSError, ValueError):
        return None
