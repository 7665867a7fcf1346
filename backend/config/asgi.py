"""The web server's ASGI app: Django for HTTP, Chattable for sockets."""

import os
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
http = get_asgi_application()

from chattable.routing import websocket_urlpatterns  # noqa: E402  (needs the apps to be loaded)


async def lifespan(scope: Any, receive: Any, send: Any) -> None:
    """Answer the server's start and stop messages; there is nothing to prepare."""
    event = ""
    while event != "lifespan.shutdown":
        event = (await receive())["type"]
        await send({"type": f"{event}.complete"})


async def refuse(scope: Any, receive: Any, send: Any) -> None:
    """Refuse a socket on an unknown path with 403."""
    await send({"type": "websocket.close"})


application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": URLRouter([*websocket_urlpatterns, re_path("", refuse)]),  # type: ignore[arg-type, list-item]
        "lifespan": lifespan,
    }
)
