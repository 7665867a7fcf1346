"""The built chat page under any path: `path("assistant/", include("chattable.page"))`, the API beside it in `api/`."""

import mimetypes
from pathlib import Path

from django.core.exceptions import SuspiciousFileOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path as route
from django.urls import re_path
from django.utils._os import safe_join
from django.utils.encoding import iri_to_uri
from django.utils.html import escape
from django.views.decorators.http import require_safe

from chattable.conf import settings

# Python knows these only where the system has a list of types.
for ending in ("woff", "woff2", "ttf"):
    mimetypes.add_type(f"font/{ending}", f".{ending}")

NOT_BUILT = (
    "The page is not built yet: run `make build`, or `make dev` and open the link that it prints. "
    "CHATTABLE['PAGE'] names the folder of the built page.\n"
)


@require_safe
def page(request: HttpRequest, path: str) -> HttpResponse:
    """A file beside the page, such as its icon, or the page itself, whose own routes begin here."""
    if settings.PAGE is None:
        return _not_built()
    root = Path(settings.PAGE)
    return send(request, under(root, path), cache="no-cache") or _document(request, root, path) or _not_built()


@require_safe
def asset(request: HttpRequest, path: str) -> HttpResponse:
    """A file of the page whose name holds its hash: browsers keep it for ever."""
    file = under(Path(settings.PAGE) / "assets", path) if settings.PAGE else None
    if response := send(request, file, cache="public, max-age=31536000, immutable"):
        return response
    raise Http404


def _document(request: HttpRequest, root: Path, path: str) -> HttpResponse | None:
    """The page, which is built once, with the path that it stands under written into it; None where it is not built."""
    base = escape(iri_to_uri(request.path.removesuffix(path)))
    document = content_of(root / "index.html")
    if document is None:
        return None
    document = document.replace(b'="./', f'="{base}'.encode())
    return HttpResponse(document, content_type="text/html; charset=utf-8", headers={"Cache-Control": "no-cache"})


def _not_built() -> HttpResponse:
    return HttpResponse(NOT_BUILT, status=503, content_type="text/plain; charset=utf-8")


def under(root: Path, path: str) -> Path | None:
    """The path below the root; None for one that leads out of it, and for the page, which is not sent as it is."""
    try:
        file = Path(safe_join(root, path))
    except SuspiciousFileOperation:
        return None
    return file if file.name != "index.html" else None


def send(request: HttpRequest, file: Path | None, *, cache: str) -> HttpResponse | None:
    """The file, from the `.gz` beside it if the browser takes that; None when there is no such file."""
    if file is None:
        return None
    takes_gzip = "gzip" in request.headers.get("Accept-Encoding", "")
    compressed = content_of(file.with_name(f"{file.name}.gz")) if takes_gzip and file.name else None
    content = compressed or content_of(file)
    if content is None:
        return None
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    kind = f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
    response = HttpResponse(content, content_type=kind, headers={"Cache-Control": cache, "Vary": "Accept-Encoding"})
    if compressed:
        response.headers["Content-Encoding"] = "gzip"
    return response


def content_of(file: Path) -> bytes | None:
    """The bytes of a file, or None when there is none."""
    try:
        return file.read_bytes()
    except (OSError, ValueError):
        return None


urlpatterns = [
    route("assets/<path:path>", asset),
    re_path(r"^(?P<path>(?!(?:api|ws)/).*)$", page),
]
