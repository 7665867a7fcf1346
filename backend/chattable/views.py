"""The REST API: whoever `OWNER_RESOLVER` finds sees the own chats and messages; everything else does not exist."""

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, NoReturn

from django.conf import settings as django_settings
from django.core import signing
from django.core.exceptions import RequestDataTooBig
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import resolve_url
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from redis.exceptions import RedisError
from rest_framework import exceptions as drf
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from chattable import conf, events, layers, schema, serializers
from chattable.bodies import CleanJSONParser, FastJSONRenderer, cleaned
from chattable.completions import Provider
from chattable.conf import settings
from chattable.exceptions import (
    ANSWER_ERRORS,
    AnswerFailed,
    EventsNeedAsgi,
    ProviderUnavailable,
    TooLarge,
    exception_handler,
)
from chattable.models import Chat, Message
from chattable.models.pages import Walk, chat_page, find, path_page

# Room for the longest message even where each character is escaped.
MAX_BODY_BYTES = 8 * 2**20


class OwnerView(APIView):
    """Lets in whom `OWNER_RESOLVER` finds, by the host's authentication; errors look the same in every host."""

    parser_classes = (CleanJSONParser,)
    renderer_classes = (FastJSONRenderer,)
    permission_classes = ()
    filter_backends: Any = ()
    pagination_class: Any = None
    versioning_class = None
    metadata_class = None
    owner: Any = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse a body that is too large before it is read, a stranger, and a body that is not JSON."""
        length = request.META.get("CONTENT_LENGTH") or ""
        size = int(length) if length.isdecimal() else 0
        if size > MAX_BODY_BYTES:
            raise TooLarge
        super().initial(request, *args, **kwargs)
        if size and not self.get_content_negotiator().select_parser(request, self.get_parsers()):
            raise drf.UnsupportedMediaType(request.content_type)

    def check_permissions(self, request: Request) -> None:
        """Find the owner; `NotAuthenticated` where there is none."""
        super().check_permissions(request)
        self.owner = conf.resolve_owner(request)
        if self.owner is None:
            raise drf.NotAuthenticated

    def get_authenticate_header(self, request: Request) -> str:
        """A scheme for the 401 answer, which DRF would make a 403 without one."""
        return super().get_authenticate_header(request) or "Session"

    def get_exception_handler(self) -> Callable[..., Response | None]:
        """The package's own, whatever the host has configured."""
        return exception_handler

    def handle_exception(self, exc: Exception) -> Response:
        """Answer 404 also for what was deleted meanwhile, and 413 for what Django itself found too large."""
        if isinstance(exc, Chat.DoesNotExist | Message.DoesNotExist):
            exc = Http404()
        elif isinstance(exc, RequestDataTooBig):
            exc = TooLarge()
        return super().handle_exception(exc)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Have a response let go of its view and request when it is rendered."""
        response = super().finalize_response(request, response, *args, **kwargs)
        if isinstance(response, Response):
            response.add_post_render_callback(_untie)
        return response

    def read_body(self, serializer: type[Serializer[Any]], **options: Any) -> dict[str, Any]:
        """The body as the serializer has checked it; raises `ValidationError`."""
        return _checked(serializer(data=self.request.data, **options))

    def read_query(self, serializer: type[Serializer[Any]]) -> dict[str, Any]:
        """The query string as the serializer has checked it; raises `ValidationError`."""
        return _checked(serializer(data=cleaned(self.request.query_params.dict())))

    def found[M](self, find: Callable[[Any, uuid.UUID], M | None]) -> M:
        """What the path's id names, if it is the owner's; raises `Http404`."""
        try:
            found = find(self.owner, uuid.UUID(self.kwargs["id"]))
        except ValueError:
            found = None
        if found is None:
            raise Http404
        return found


def _untie(response: Any) -> None:
    """View, request and response hold one another: large bodies would stay until the garbage collector comes."""
    context, response.renderer_context = response.renderer_context, {}
    context["request"].parser_context = {}
    context["view"].request = context["view"].response = None


def _checked(serializer: Serializer[Any]) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data  # type: ignore[no-any-return]


class OwnerChatView(OwnerView, GenericViewSet[Chat]):
    """A view of the owner's chats; the path's id names one of them."""

    queryset = Chat.objects.none()
    lookup_field = "id"

    def get_queryset(self) -> QuerySet[Chat]:
        """The owner's chats."""
        return self.owner.chats.all()  # type: ignore[no-any-return]

    def get_object(self) -> Chat:
        """The chat of the path, if it is the owner's; raises `Http404`."""
        return self.found(Chat.objects.find)


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
        raise _invalid("cursor", _("This cursor is not valid. Start again without one."), "invalid_cursor") from error


def _invalid(field: str, detail: Any, code: str) -> drf.ValidationError:
    return drf.ValidationError({field: [drf.ErrorDetail(detail, code)]})


def _not_shown(place: str) -> drf.ValidationError:
    return _invalid(place, _("This message is not on the path that is shown."), "not_shown")


@extend_schema(tags=["messages"])
class ChatMessageViewSet(OwnerChatView):
    """The messages of a chat."""

    @extend_schema(
        summary="List messages",
        parameters=[serializers.MessageQuerySerializer],
        responses={200: serializers.MessagePageSerializer, **schema.errors("not_shown", "max_value", "not_found")},
        examples=[
            schema.gives(
                "A whole chat, answered twice",
                {
                    "results": [schema.TURN, schema.ANSWER],
                    "siblings": {schema.ANSWER_ID: [schema.OTHER_ID, schema.ANSWER_ID]},
                    "length": 2,
                    "position": 0,
                    "before": None,
                    "after": None,
                },
            )
        ],
    )
    def list(self, request: Request, id: str) -> Response:
        """The newest messages of the path that is shown, the first, or those before, after or around one. Where a
        message has siblings, `POST /api/messages/{id}/show/` with the id of one leads to that branch.
        """
        chat = self.get_object()
        query = self.read_query(serializers.MessageQuerySerializer)
        page = path_page(chat, **query)
        if page is None:
            [place] = set(query) - {"limit"}
            raise _not_shown(place)
        results = [events.message_snapshot(message) for message in page.messages]
        siblings = {str(pk): ids for pk, ids in Message.objects.siblings(page.messages).items()}
        places = {name: getattr(page, name) for name in ("length", "position", "before", "after")}
        return Response({"results": results, "siblings": siblings, **places})

    @extend_schema(
        summary="Find in a chat",
        parameters=[serializers.FindQuerySerializer],
        responses={200: serializers.HitPageSerializer, **schema.errors("not_shown", "max_value", "not_found")},
        examples=[
            schema.gives(
                "The only hit",
                {"results": [{"id": schema.ANSWER_ID, "position": 1, "excerpt": "In Cyprus."}], "before": None},
            )
        ],
    )
    def find(self, request: Request, id: str) -> Response:
        """The messages of the path that is shown that hold a text, newest first. One request looks through 2,000
        messages or five million characters at most: follow `before` until it is null.
        """
        chat = self.get_object()
        query = self.read_query(serializers.FindQuerySerializer)
        found = find(chat, **query)
        if found is None:
            raise _not_shown("before")
        hits, before = found
        return Response({"results": [asdict(hit) for hit in hits], "before": before})

    @extend_schema(
        summary="Send a message",
        request=serializers.MessageRequestSerializer,
        responses={
            201: serializers.SentMessageSerializer,
            200: serializers.SentMessageSerializer,
            **schema.body_errors(
                "blank", "unknown_parent", "unknown_model", "not_found", "id_conflict", "too_many_running"
            ),
        },
        examples=[
            schema.takes("A turn", {"id": schema.TURN_ID, "content": schema.TURN["content"]}),
            schema.takes(
                "The first turn edited",
                {"parent": None, "content": "Where is the sea warm in April?", "model": "gpt-5"},
            ),
            schema.gives(
                "The turn and its answer",
                {"message": schema.TURN, "answer": schema.QUEUED, "branched": False},
                status=201,
            ),
            schema.gives("The same turn again", {"message": schema.TURN, "answer": schema.ANSWER, "branched": False}),
        ],
    )
    def create(self, request: Request, id: str) -> Response:
        """A person's turn, and its answer, which a worker begins to write as soon as the answer before is final.
        Poll `GET /api/messages/{id}/` or follow the socket. Sent again with the same `id` it gets the same two back,
        with 200. Where the queue is away, both are kept and the answer has failed with `queue_unavailable`. 429 where
        too many of the owner's answers are running; nothing is kept of the turn then.

        With the `parent` of a turn that was sent before, the new turn stands beside that one, as its edited version:
        nothing is overwritten, and the path that is shown leads to the new one. This may be done while answers run.
        """
        chat = self.get_object()
        turn = self.read_body(serializers.MessageRequestSerializer, context={"chat": chat})
        sent = chat.send(**turn)
        body = {
            "message": events.message_snapshot(sent.message),
            "answer": events.message_snapshot(sent.answer),
            "branched": sent.branched,
        }
        return Response(body, status.HTTP_201_CREATED if sent.created else status.HTTP_200_OK)


@extend_schema(tags=["messages"])
class MessageViewSet(OwnerView, GenericViewSet[Message]):
    """One message of any of the owner's chats."""

    queryset = Message.objects.none()
    lookup_field = "id"

    def get_object(self) -> Message:
        """The message of the path, if it is in one of the owner's chats; raises `Http404`."""
        return self.found(Message.objects.find)

    @extend_schema(
        summary="Read a message",
        responses={200: serializers.MessageSerializer, **schema.errors("not_found")},
        examples=[schema.gives("An answer", schema.ANSWER)],
    )
    def retrieve(self, request: Request, id: str) -> Response:
        """One message as far as it is saved."""
        return Response(events.message_snapshot(self.get_object()))

    @extend_schema(
        summary="Change a waiting message",
        request=serializers.MessageChangeSerializer,
        responses={200: serializers.MessageSerializer, **schema.body_errors("blank", "not_found", "not_waiting")},
        examples=[
            schema.takes("Another text", {"content": schema.TURN["content"]}),
            schema.gives("The turn as it is now", {**schema.TURN, "rev": 1, "version": 2}),
        ],
    )
    def partial_update(self, request: Request, id: str) -> Response:
        """Another text for a turn that waits for its answer, as one does that was sent while an answer was running.
        409 once its answer has begun: then send the text with the `parent` of the turn, as its edited version.
        """
        message = self.get_object()
        message.edit(**self.read_body(serializers.MessageChangeSerializer))
        return Response(events.message_snapshot(message))

    @extend_schema(
        summary="Withdraw a waiting message",
        responses={204: None, **schema.errors("permission_denied", "not_found", "not_waiting")},
    )
    def destroy(self, request: Request, id: str) -> Response:
        """A turn that waits for its answer goes, for good, and what waits behind it takes its place. 409 once its
        answer has begun.
        """
        self.get_object().withdraw()
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="Show a branch",
        request=None,
        responses={200: serializers.ChatSerializer, **schema.errors("permission_denied", "not_found")},
        examples=[schema.gives("The chat as it is now", schema.CHAT)],
    )
    def show(self, request: Request, id: str) -> Response:
        """Let the path that is shown lead through this message, to the leaf below it that was written last. A message
        that is shown already changes nothing. Other pages of the owner learn of it by `chat.updated`.
        """
        message = self.get_object()
        message.show()
        return Response(events.chat_snapshot(message.chat))

    @extend_schema(
        summary="Stop an answer",
        request=None,
        responses={200: serializers.MessageSerializer, **schema.errors("permission_denied", "not_found")},
        examples=[schema.gives("A stopped answer", schema.STOPPED)],
    )
    def stop(self, request: Request, id: str) -> Response:
        """Let an answer end where it is; what has arrived is kept. After its end this changes nothing. A running
        answer ends within two seconds: its status tells.
        """
        message = self.get_object()
        message.stop()
        return Response(events.message_snapshot(message))

    @extend_schema(
        summary="Ask for another answer",
        request=serializers.RegenerateRequestSerializer,
        responses={
            201: serializers.MessageSerializer,
            **schema.body_errors(
                "unknown_model", "not_found", "still_running", "not_an_answer", "id_conflict", "too_many_running"
            ),
        },
        examples=[
            schema.takes("By another model", {"model": "gpt-5-mini"}),
            schema.gives("The new answer", schema.QUEUED, status=201),
        ],
    )
    def regenerate(self, request: Request, id: str) -> Response:
        """Another answer to the same turn, beside this one, and the path that is shown leads to it. 409 while the
        answer is running and nobody has stopped it.
        """
        message = self.get_object()
        wanted = self.read_body(serializers.RegenerateRequestSerializer, context={"chat": message.chat})
        answer = message.regenerate(**wanted)
        return Response(events.message_snapshot(answer), status.HTTP_201_CREATED)

    @extend_schema(
        summary="Continue an answer",
        request=serializers.ContinueRequestSerializer,
        responses={
            201: serializers.MessageSerializer,
            **schema.body_errors(
                "unknown_model", "not_found", "still_running", "not_cut_short", "id_conflict", "too_many_running"
            ),
        },
        examples=[
            schema.takes("By the same model", {"id": schema.OTHER_ID}),
            schema.gives("The answer that goes on", schema.GOING_ON, status=201),
        ],
    )
    def go_on(self, request: Request, id: str) -> Response:
        """The rest of an answer that was cut short: by its length, by a stop or by a failure. It is another answer
        beside the first, begins with its texts, and the path that is shown leads to it. 409 for an answer that is
        whole or has no text.
        """
        message = self.get_object()
        context = {"chat": message.chat, "model": message.model}
        answer = message.go_on(**self.read_body(serializers.ContinueRequestSerializer, context=context))
        return Response(events.message_snapshot(answer), status.HTTP_201_CREATED)


class ConfigView(APIView):
    """What the page asks before anyone signs in; a host with more to say extends `config`."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    renderer_classes = (FastJSONRenderer,)
    versioning_class = None

    @extend_schema(
        tags=["config"],
        summary="Read the configuration",
        auth=[],
        responses=serializers.ConfigSerializer,
        examples=[
            schema.gives(
                "A host with a login of its own",
                {"login": "/accounts/login/", "features": [], "csrf_cookie": "csrftoken"},
            )
        ],
    )
    def get(self, request: Request) -> Response:
        """Tell what this server is, and set the CSRF cookie that changing requests need."""
        get_token(request)
        return Response(self.config())

    def config(self) -> dict[str, Any]:
        """The address of the login, if it is not the page's own, and what the page offers and needs."""
        features = list(settings.FEATURES)
        return {
            "login": None if "login" in features else resolve_url(django_settings.LOGIN_URL),
            "features": features,
            "csrf_cookie": django_settings.CSRF_COOKIE_NAME,
        }


class OwnerDetailsView(OwnerView):
    """Who the chats belong to, and what holds for all of them."""

    @extend_schema(
        tags=["owner"],
        summary="Read the owner",
        responses={200: serializers.OwnerSerializer, **schema.errors()},
        examples=[schema.gives("A person", schema.OWNER)],
    )
    def get(self, request: Request) -> Response:
        """Whose chats these are: the page asks this to learn whether anybody is signed in."""
        settings = self.owner.chat_settings.first()
        return Response(self._snapshot(settings.instructions if settings else ""))

    @extend_schema(
        tags=["owner"],
        summary="Change what holds for all chats",
        request=serializers.OwnerChangeSerializer,
        responses={200: serializers.OwnerSerializer, **schema.body_errors()},
        examples=[
            schema.takes("Instructions", {"instructions": schema.OWNER["instructions"]}),
            schema.gives("The owner as it is now", schema.OWNER),
        ],
    )
    def patch(self, request: Request) -> Response:
        """Set what the body names. Answers that begin from now on follow it, in old chats too."""
        fields = self.read_body(serializers.OwnerChangeSerializer, partial=True)
        settings, _created = self.owner.chat_settings.update_or_create(defaults=fields)
        return Response(self._snapshot(settings.instructions))

    def _snapshot(self, instructions: str) -> dict[str, str]:
        return {"id": events.owner_group(self.owner), "name": str(self.owner), "instructions": instructions}


class ModelsView(OwnerView):
    """The models that can be asked."""

    @extend_schema(
        tags=["models"],
        summary="List models",
        responses={200: serializers.ModelListSerializer, **schema.errors("provider_unavailable")},
        examples=[
            schema.gives("Two models", {"results": [{"id": "gpt-5-mini"}, {"id": "gpt-5"}], "default": "gpt-5-mini"})
        ],
    )
    def get(self, request: Request) -> Response:
        """What the operator has chosen, or else all that the provider offers, the default first."""
        models = settings.MODELS or _provider_models()
        if settings.MODEL not in models:
            models = [settings.MODEL, *models]
        return Response({"results": [{"id": model} for model in models], "default": settings.MODEL})


class ModelCatalogue:
    """The provider's models, asked for once a minute, and by one request for everybody who waits."""

    def __init__(self) -> None:
        self._asked: asyncio.Task[list[str]] | None = None
        self._stale_at = 0.0

    async def ids(self) -> list[str]:
        """The ids, at most a minute old; raises `AnswerFailed`, which is not remembered."""
        now = asyncio.get_running_loop().time()
        if self._asked is None or now >= self._stale_at or _failed(self._asked):
            self._asked = asyncio.create_task(_ask_provider())
            self._stale_at = now + 60
        return await asyncio.shield(self._asked)


def _failed(task: asyncio.Task[Any]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


async def _ask_provider() -> list[str]:
    provider = Provider()
    try:
        return await provider.models()
    finally:
        await provider.close()


catalogue = ModelCatalogue()


def _provider_models() -> list[str]:
    try:
        return layers.call(catalogue.ids(), timeout=15)
    except AnswerFailed as failure:
        raise ProviderUnavailable(ANSWER_ERRORS[failure.code], failure.code) from failure
    except TimeoutError as error:
        raise ProviderUnavailable from error


class StatusView(OwnerView):
    """Whether anybody is there to answer."""

    @extend_schema(
        tags=["status"],
        summary="Count the workers",
        responses={200: serializers.StatusSerializer, **schema.errors()},
        examples=[schema.gives("Two workers", {"workers": 2})],
    )
    def get(self, request: Request) -> Response:
        """How many workers listen now. With none, answers stay queued; while the queue is away, none can be reached."""
        try:
            workers = layers.worker_count()
        except (RedisError, OSError, TimeoutError):
            workers = 0
        return Response({"workers": workers})


class EventsView(OwnerView):
    """The stream of events. `routing.with_events` serves it in front of Django; what comes here has come past it."""

    def perform_content_negotiation(self, request: Request, force: bool = True) -> Any:
        """Errors are JSON, also for a reader that wants nothing but events."""
        return super().perform_content_negotiation(request, force=True)

    @extend_schema(
        tags=["events"],
        summary="Follow events",
        responses={**schema.EVENT_STREAM, **schema.errors("events_need_asgi", "events_unavailable")},
    )
    def get(self, request: Request) -> NoReturn:
        """All events of the owner's chats from now on, as server-sent events: the same as `/ws/` carries.

        A `gap` says that some are missing, and so does every new connection: fetch what you show, then.
        """
        raise EventsNeedAsgi
