"""The web server's ASGI app: Django for HTTP, Chattable for sockets."""

import asyncio
import os
from collections.abc import Callable
from contextlib import closing, suppress
from contextvars import copy_context
from typing import IO, Any, cast

import django
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.signals import request_started
from django.http.response import HttpResponseBase
from django.urls import re_path, set_script_prefix

from chattable.threads import Threads

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)


class OneHopHandler(ASGIHandler):
    """Answers a request in one of a few threads, from the first signal to the last.

    Django's own handler starts a thread for each request and goes there and back for the signals and each middleware.
    That doubles the cost of a small request, and with many at once the event loop, which has the sockets, waits for its
    turn too long. Views and middleware have to be synchronous; a request whose client has left is answered to its end.
    """

    threads = Threads("request")

    def __init__(self) -> None:
        super().__init__()
        self.load_middleware(is_async=False)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request."""
        with suppress(RequestAborted), closing(await self.read_body(receive)) as body:
            response = await self._in_thread(self._respond, scope, body)
            try:
                await self.send_response(response, send)
            finally:
                if response.streaming:
                    await self._in_thread(response.close)

    async def _in_thread[*P, T](self, function: Callable[[*P], T], *args: *P) -> T:
        # In a context of its own: what a request sets there, such as the path it is under, ends with it.
        return await asyncio.get_running_loop().run_in_executor(self.threads, copy_context().run, function, *args)

    def _respond(self, scope: Any, body: IO[bytes]) -> HttpResponseBase:
        set_script_prefix(get_script_prefix(scope))
        request_started.send(sender=self.__class__, scope=scope)
        request, error = self.create_request(scope, body)
        response: Any = self.get_response(request) if request else error
        response._handler_class = self.__class__
        if not response.streaming:
            # Sends `request_finished`, which gives the database connections back.
            response.close()
        return cast("HttpResponseBase", response)


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
