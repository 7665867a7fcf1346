"""Where events are served: the socket's address for the host's `URLRouter`, and the stream's in front of Django."""

from typing import Any

from django.urls import path

from chattable.consumers import chat_socket
from chattable.streams import event_stream

websocket_urlpatterns = [path("ws/", chat_socket)]  # type: ignore[arg-type]


def with_events(http: Any, *, at: str = "/api/events/") -> Any:
    """The host's ASGI application for HTTP with the stream of events in front of it, past its threads."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        serve = event_stream if path == at and scope["method"] == "GET" else http
        await serve(scope, receive, send)

    return application
