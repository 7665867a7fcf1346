"""What all views of the API share: whoever `OWNER_RESOLVER` finds sees the own things; all else does not exist."""

import uuid
from collections.abc import Callable
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db.models import QuerySet
from django.http import Http404
from rest_framework import exceptions as drf
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from chattable import conf, events
from chattable.bodies import CleanJSONParser, FastJSONRenderer, cleaned
from chattable.exceptions import OtherOwner, TooLarge, exception_handler
from chattable.models import Chat, Message

# Room for the longest message even where each character is escaped.
MAX_BODY_BYTES = 8 * 2**20
# Holds the id of the owner whom a client takes itself for; see `OwnerSerializer`.
OWNER_HEADER = "X-Chattable-Owner"


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
        """Find the owner; `NotAuthenticated` where there is none, `OtherOwner` where the client expects another."""
        super().check_permissions(request)
        self.owner = conf.resolve_owner(request)
        if self.owner is None:
            raise drf.NotAuthenticated
        expected = request.headers.get(OWNER_HEADER)
        if expected and expected != events.owner_group(self.owner):
            raise OtherOwner

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


def invalid(field: str, detail: Any, code: str) -> drf.ValidationError:
    """The error of one field of a body or a query string."""
    return drf.ValidationError({field: [drf.ErrorDetail(detail, code)]})
