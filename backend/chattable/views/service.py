"""What a client asks about the server itself and about the owner."""

from typing import Any, NoReturn

from django.conf import settings as django_settings
from django.middleware.csrf import get_token
from django.shortcuts import resolve_url
from drf_spectacular.utils import extend_schema
from redis.exceptions import RedisError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chattable import events, layers, schema, serializers
from chattable.bodies import FastJSONRenderer
from chattable.catalogue import provider_models
from chattable.conf import settings
from chattable.exceptions import EventsNeedAsgi
from chattable.views.base import OwnerView


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
                {
                    "login": "/accounts/login/",
                    "features": [],
                    "csrf_cookie": "csrftoken",
                    "max_message_chars": 500_000,
                },
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
            "max_message_chars": settings.MAX_MESSAGE_CHARS,
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
        models = settings.MODELS or provider_models()
        if settings.MODEL not in models:
            models = [settings.MODEL, *models]
        return Response({"results": [{"id": model} for model in models], "default": settings.MODEL})


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
