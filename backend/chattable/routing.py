"""The socket's address, for the host's `URLRouter`."""

from django.urls import path

from chattable.consumers import chat_socket

websocket_urlpatterns = [path("ws/", chat_socket)]  # type: ignore[arg-type]
