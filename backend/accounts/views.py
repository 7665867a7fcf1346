"""The API of a person's own keys."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from accounts.models import ApiKey
from accounts.serializers import ApiKeyCreatedSerializer, ApiKeyListSerializer, ApiKeySerializer
from chattable import schema
from chattable.views import OwnerView

KEY = {
    "id": "0198f3a0-0000-4000-8000-0000000000a1",
    "name": "laptop",
    "prefix": "ck_Zm9vYmFy",
    "created_at": "2026-01-05T10:00:00.250000Z",
    "last_used_at": None,
}


@extend_schema(tags=["keys"])
class ApiKeyViewSet(OwnerView, mixins.DestroyModelMixin, GenericViewSet[ApiKey]):
    """Keys for scripts: listed, made and revoked by the person they belong to."""

    serializer_class = ApiKeySerializer
    queryset = ApiKey.objects.none()

    def get_queryset(self) -> QuerySet[ApiKey]:
        """The person's keys, newest first."""
        return ApiKey.objects.filter(user=self.owner)

    @extend_schema(
        summary="List API keys",
        responses={200: ApiKeyListSerializer, **schema.errors()},
        examples=[schema.gives("One key", {"results": [KEY]})],
    )
    def list(self, request: Request) -> Response:
        """All keys, newest first, without their secrets."""
        return Response(ApiKeyListSerializer({"results": self.get_queryset()}).data)

    @extend_schema(
        summary="Make an API key",
        responses={201: ApiKeyCreatedSerializer, **schema.body_errors()},
        examples=[
            schema.takes("A name", {"name": "laptop"}),
            schema.gives("A new key", {**KEY, "key": "ck_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE"}, status=201),
        ],
    )
    def create(self, request: Request) -> Response:
        """The answer holds the key's secret, which is shown this once. Send it as `Authorization: Bearer ck_…`."""
        body = self.read_body(ApiKeySerializer)
        key, secret = ApiKey.objects.issue(self.owner, name=body["name"])
        return Response({**self.get_serializer(key).data, "key": secret}, status=status.HTTP_201_CREATED)

    @extend_schema(
        summary="Revoke an API key", responses={204: None, **schema.errors("permission_denied", "not_found")}
    )
    def destroy(self, request: Request, *args: object, **kwargs: object) -> Response:
        """From now on the key is refused, and its sockets are closed."""
        return super().destroy(request, *args, **kwargs)
