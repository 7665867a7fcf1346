"""The web server's ASGI app: Django for HTTP, Chattable for sockets."""

import os
from typing import Any

import django
from asgiref.sync import sync_to_async
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.handlers.asgi import ASGIHandler
from django.db import close_old_connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import re_path

from chattable.threads import Threads

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)


class OneHopHandler(ASGIHandler):
    """Answers a request in one of a few threads, from the first middleware to the view.

    Django's own handler starts a thread for each request and goes there and back for each middleware. That doubles the
    cost of a small request, and with many at once the event loop, which has the sockets, waits for its turn too long.
    """

    threads = Threads("request")

    def __init__(self) -> None:
        super().__init__()
        self.load_middleware(is_async=False)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request."""
        await self.handle(scope, receive, send)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """The response of the synchronous chain."""
        return await sync_to_async(self._respond, thread_sensitive=False, executor=self.threads)(request)

    def _respond(self, request: HttpRequest) -> HttpResponseBase:
        try:
            return self.get_response(request)
        finally:
            close_old_connections()


http = OneHopHandler()

# These need the apps to be loaded.
from chattable.layers import spare_loop  # noqa: E402
from chattable.routing import websocket_urlpatterns, with_events  # noqa: E402


async def lifespan(scope: Any, receive: Any, send: Any) -> None:
    """Answer the server's start and stop messages."""
    spare_loop()
    event = ""
    while event != "lifespan.shutdown":
        event = (await receive())["type"]
        await send({"type": f"{event}.complete"})


async def refuse(scope: Any, receive: Any, send: Any) -> None:
    """Refuse a socket on an unknown path with 403."""
    await send({"type": "websocket.close"})


application = ProtocolTypeRouter(
    {
        "http": with_events(http),
        "websocket": URLRouter([*websocket_urlpatterns, re_path("", refuse)]),  # type: ignore[arg-type, list-item]
        "lifespan": lifespan,
    }
)
