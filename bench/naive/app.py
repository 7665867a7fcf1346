"""The naive stack's web application and its Celery task."""

import os
from typing import Any

import django
from celery import Celery, shared_task
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.naive.settings")
celery = Celery("naive")
celery.config_from_object("django.conf:settings", namespace="CELERY")
http = get_asgi_application() if not django.apps.apps.ready else None

from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402

from bench.naive.models import Chat, Message  # noqa: E402


@shared_task
def answer(message_id: int) -> None:
    """Stream the provider's answer into the message."""
    from openai import OpenAI

    message = Message.objects.get(pk=message_id)
    turn = [{"role": "user", "content": "Hi"}]
    for chunk in OpenAI().chat.completions.create(model=message.model, messages=turn, stream=True):  # type: ignore[call-overload]
        if chunk.choices and (token := chunk.choices[0].delta.content):
            message.content += token
            message.save()
    message.status = "done"
    message.save()


class Chats(APIView):
    """Begin a chat."""

    def post(self, request: Request) -> Response:
        """A new chat."""
        return Response({"id": Chat.objects.create().pk}, status=201)


class Messages(APIView):
    """Send a turn."""

    def post(self, request: Request, chat: int) -> Response:
        """Store the turn and queue its answer."""
        model = request.data["model"]
        Message.objects.create(chat_id=chat, role="user", content=request.data["content"], model=model)
        reply = Message.objects.create(chat_id=chat, role="assistant", status="running", model=model)
        answer.delay(reply.pk)
        return Response({"id": reply.pk}, status=201)


class Socket(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    """Follows one chat."""

    async def connect(self) -> None:
        """Join the chat's group."""
        self.group = f"chat-{self.scope['url_route']['kwargs']['chat']}"
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        """Leave it."""
        await self.channel_layer.group_discard(self.group, self.channel_name)

    async def chat_message(self, event: dict[str, Any]) -> None:
        """Pass a message on."""
        await self.send_json(event["message"])


def health(request: HttpRequest) -> HttpResponse:
    """Answer."""
    return HttpResponse("ok")


urlpatterns = [
    path("health", health),
    path("chats/", Chats.as_view()),
    path("chats/<int:chat>/messages/", Messages.as_view()),
]
application = ProtocolTypeRouter(
    {"http": http, "websocket": URLRouter([path("ws/chats/<int:chat>/", Socket.as_asgi())])}
)
