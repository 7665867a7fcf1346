"""The API of a person's own keys."""

from typing import cast

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from accounts.models import ApiKey, User
from accounts.serializers import ApiKeyCreatedSerializer, ApiKeyListSerializer, ApiKeySerializer


@extend_schema(tags=["keys"])
class ApiKeyViewSet(mixins.DestroyModelMixin, GenericViewSet[ApiKey]):
    """Keys for scripts: listed, made and revoked by the person they belong to."""

    serializer_class = ApiKeySerializer
    queryset = ApiKey.objects.none()

    def get_queryset(self) -> QuerySet[ApiKey]:
        """The signed-in person's keys."""
        return ApiKey.objects.filter(user=cast("User", self.request.user))

    @extend_schema(responses=ApiKeyListSerializer)
    def list(self, request: Request) -> Response:
        """All keys, newest first, without their secrets."""
        return Response(ApiKeyListSerializer({"results": self.get_queryset()}).data)

    @extend_schema(responses={201: ApiKeyCreatedSerializer})
    def create(self, request: Request) -> Response:
        """Make a key; the answer holds its secret, which is shown this once."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        user = cast("User", request.user)
        key, secret = ApiKey.objects.issue(user, name=serializer.validated_data["name"])
        return Response({**self.get_serializer(key).data, "key": secret}, status=status.HTTP_201_CREATED)
