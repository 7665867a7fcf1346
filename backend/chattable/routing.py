"""The socket's address, for the host's `URLRouter`."""

from django.urls import path

from chattable.consumers import ChatConsumer

websocket_urlpatterns = [path("ws/", ChatConsumer.as_asgi())]  # type: ignore[arg-type]
