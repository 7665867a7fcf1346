"""The chats of an owner."""

from django.core import signing
from django.db import transaction
from django.http import HttpResponse
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from chattable import events, schema, serializers
from chattable.bodies import FastJSONRenderer
from chattable.models.pages import Walk, chat_page
from chattable.views.base import OwnerChatView, invalid


@extend_schema(tags=["chats"])
class ChatViewSet(OwnerChatView):
    """The owner's chats."""

    @extend_schema(
        summary="List chats",
        parameters=[serializers.ChatQuerySerializer],
        responses={200: serializers.ChatPageSerializer, **schema.errors("invalid_cursor", "max_value")},
        examples=[schema.gives("The last page", {"results": [schema.CHAT], "next": None})],
    )
    def list(self, request: Request) -> Response:
        """Chats by their newest activity. The list may move while it is read: follow `next` to the end and merge by
        id, and you hold each chat in its newest state.
        """
        query = self.read_query(serializers.ChatQuerySerializer)
        salt = f"chattable.chats.{events.owner_group(self.owner)}"
        chats, walk = chat_page(self.get_queryset(), limit=query["limit"], walk=_walk(query.get("cursor"), salt=salt))
        results = [events.chat_snapshot(chat) for chat in chats]
        return Response({"results": results, "next": walk and walk.encode(salt=salt)})

    @extend_schema(
        summary="Begin a chat",
        request=serializers.ChatRequestSerializer,
        responses={
            201: serializers.ChatSerializer,
            200: serializers.ChatSerializer,
            **schema.body_errors("max_length", "unknown_model", "id_conflict"),
        },
        examples=[
            schema.takes("With a title", {"id": schema.CHAT_ID, "title": "A trip to the sea"}),
            schema.gives("The new chat", schema.CHAT, status=201),
            schema.gives("The chat of the same id", schema.CHAT),
        ],
    )
    def create(self, request: Request) -> Response:
        """An empty chat; sent again with the same `id` it gets the same chat back, with 200."""
        fields = self.read_body(serializers.ChatRequestSerializer)
        chat, created = self.owner.chats.open(**fields)
        return Response(events.chat_snapshot(chat), status.HTTP_201_CREATED if created else status.HTTP_200_OK)

    @extend_schema(
        summary="Read a chat",
        responses={200: serializers.ChatSerializer, **schema.errors("not_found")},
        examples=[schema.gives("A chat", schema.CHAT)],
    )
    def retrieve(self, request: Request, id: str) -> Response:
        """One chat, without its messages."""
        return Response(events.chat_snapshot(self.get_object()))

    @extend_schema(
        summary="Change a chat",
        request=serializers.ChatChangeSerializer,
        responses={200: serializers.ChatSerializer, **schema.body_errors("max_length", "unknown_model", "not_found")},
        examples=[
            schema.takes("A new title", {"title": "A trip to the sea"}),
            schema.gives("The chat as it is now", schema.CHAT),
        ],
    )
    def partial_update(self, request: Request, id: str) -> Response:
        """Set what the body names; `parameters` are replaced as a whole."""
        chat = self.get_object()
        fields = self.read_body(serializers.ChatChangeSerializer, partial=True)
        with transaction.atomic():
            chat.lock()
            for name, value in fields.items():
                setattr(chat, name, value)
            if fields:
                chat.save(update_fields=fields)
        return Response(events.chat_snapshot(chat))

    @extend_schema(
        summary="Export a chat",
        parameters=[serializers.ExportQuerySerializer],
        responses={
            (200, "text/markdown"): OpenApiTypes.STR,
            (200, "application/json"): serializers.ExportSerializer,
            **schema.errors("invalid_choice", "not_found"),
        },
        examples=[
            schema.gives("A document", schema.DOCUMENT, media_type="text/markdown"),
            schema.gives("Everything", {"chat": schema.CHAT, "messages": [schema.TURN, schema.ANSWER]}),
        ],
    )
    def export(self, request: Request, id: str) -> HttpResponse:
        """The path that is shown, as Markdown, or every message of the chat, as JSON; both to be saved as a file."""
        form = self.read_query(serializers.ExportQuerySerializer)["form"]
        chat = self.get_object()
        name = slugify(chat.title, allow_unicode=True)[:60] or "chat"
        if form == "markdown":
            return _file(f"{name}.md", chat.as_markdown(), "text/markdown; charset=utf-8")
        messages = [events.message_snapshot(message) for message in chat.messages.order_by("created_at", "id")]
        body = FastJSONRenderer().render({"chat": events.chat_snapshot(chat), "messages": messages})
        return _file(f"{name}.json", body, "application/json")

    @extend_schema(
        summary="Delete a chat",
        responses={204: None, **schema.errors("permission_denied", "not_found")},
    )
    def destroy(self, request: Request, id: str) -> Response:
        """The chat goes with all its messages, and for good; an answer that is still running ends."""
        chat = self.get_object()
        with transaction.atomic():
            chat.lock()
            chat.delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


def _file(name: str, body: str | bytes, content_type: str) -> HttpResponse:
    header = content_disposition_header(as_attachment=True, filename=name)
    return HttpResponse(body, content_type=content_type, headers={"Content-Disposition": header})


def _walk(cursor: str | None, *, salt: str) -> Walk | None:
    try:
        return Walk.decode(cursor, salt=salt) if cursor is not None else None
    except signing.BadSignature as error:
        raise invalid("cursor", _("This cursor is not valid. Start again without one."), "invalid_cursor") from error
