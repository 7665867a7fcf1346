"""The API of a person's own keys."""

from allauth.core.ratelimit import consume
from django.contrib.auth import logout
from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from accounts.models import ApiKey
from accounts.serializers import (
    ApiKeyCreatedSerializer,
    ApiKeyListSerializer,
    ApiKeySerializer,
    DeleteAccountSerializer,
)
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


class DeleteAccountView(OwnerView):
    """The end of an account, by the person it belongs to."""

    @extend_schema(
        tags=["account"],
        summary="Delete the account",
        request=DeleteAccountSerializer,
        responses={204: None, **schema.body_errors("wrong_password", "throttled")},
        examples=[schema.takes("The password", {"password": "correct horse battery"})],
    )
    def post(self, request: Request) -> Response:
        """The account goes for good, with its chats, keys and sessions. 429 after too many wrong passwords."""
        if not consume(request._request, action="reauthenticate", user=self.owner):
            raise Throttled
        self.read_body(DeleteAccountSerializer, context={"user": self.owner})
        with transaction.atomic():
            self.owner.delete()
            logout(request._request)
        return Response(status=status.HTTP_204_NO_CONTENT)
