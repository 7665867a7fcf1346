"""What the page asks before anyone signs in, and what an operator's probes ask."""

import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from redis.exceptions import RedisError
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from chattable import schema
from chattable.conf import FEATURES
from chattable.layers import worker_count
from chattable.serializers import ConfigSerializer as ChattableConfigSerializer
from chattable.views import ConfigView as ChattableConfigView

logger = logging.getLogger(__name__)


class DemoLoginSerializer(serializers.Serializer[dict[str, str]]):
    """The login of the demo user."""

    email = serializers.EmailField()
    password = serializers.CharField()


@extend_schema_serializer(component_name="Config")
class ConfigSerializer(ChattableConfigSerializer):
    """What the page has to know about this server."""

    demo = serializers.BooleanField(help_text="Answers come from the built-in demo provider.")
    demo_login = DemoLoginSerializer(allow_null=True, help_text="Offered in development only.")


class ConfigView(ChattableConfigView):
    """Public; also sets the CSRF cookie."""

    @extend_schema(
        tags=["config"],
        summary="Read the configuration",
        auth=[],
        responses=ConfigSerializer,
        examples=[
            schema.gives(
                "In production",
                {
                    "login": None,
                    "features": FEATURES,
                    "csrf_cookie": "csrftoken",
                    "max_message_chars": 500_000,
                    "demo": False,
                    "demo_login": None,
                },
            )
        ],
    )
    def get(self, request: Request) -> Response:
        """Tell what this server is, and set the CSRF cookie that changing requests need."""
        return super().get(request)

    def config(self) -> dict[str, Any]:
        """The package's own configuration, and the demo's."""
        login = settings.DEMO_LOGIN if settings.DEBUG and settings.DEMO else None
        return {**super().config(), "demo": settings.DEMO, "demo_login": login}


@never_cache
@require_safe
async def healthz(request: HttpRequest) -> JsonResponse:
    """200: this process answers."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 while answers can be given, else 503: database and Valkey answer, and a worker listens."""
    parts = {"database": probe(ask_database), "valkey": probe(ask_valkey), "workers": probe(worker_count)}
    ready = not {"unavailable", 0} & set(parts.values())
    return JsonResponse({"status": "ok" if ready else "unavailable", **parts}, status=200 if ready else 503)


def probe(ask: Callable[[], Any]) -> Any:
    """What the part answers, or "unavailable"."""
    try:
        return ask()
    except (DatabaseError, RedisError, OSError) as error:
        logger.warning("Not ready: %s", error)
        return "unavailable"


def ask_database() -> str:
    """ "ok", or a database error."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def ask_valkey() -> str:
    """ "ok", or a Redis error."""
    cache.get("readyz")
    return "ok"
