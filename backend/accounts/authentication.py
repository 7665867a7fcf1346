"""Who a request or a socket belongs to: an API key, or the session's user."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import ApiKey, User
from chattable.conf import header, signed_in_user


class ApiKeyAuthentication(BaseAuthentication):
    """Signs scripts in by `Authorization: Bearer ck_…`; an unknown or revoked key gets 401."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        """The user and the key, or None for a request without a bearer key."""
        authorization = request.headers.get("Authorization", "")
        if authorization.partition(" ")[0].lower() != "bearer":
            return None
        if key := bearer_key(authorization):
            return key.user, key
        raise AuthenticationFailed("This API key is unknown or was revoked.", code="not_authenticated")

    def authenticate_header(self, request: Request) -> str:
        """The scheme that a 401 answer names."""
        return "Bearer"


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes the key in the OpenAPI schema."""

    target_class = ApiKeyAuthentication
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """The scheme as OpenAPI writes it."""
        return {"type": "http", "scheme": "bearer", "description": "A key from `POST /api/keys/`."}


def bearer_key(authorization: str) -> ApiKey | None:
    """The valid key in an `Authorization` header's value, noted as used; None for anything else."""
    scheme, _, secret = authorization.partition(" ")
    key = ApiKey.objects.find(secret.strip()) if scheme.lower() == "bearer" else None
    if key:
        key.touch()
    return key


def resolve_owner(source: Any) -> User | None:
    """The user of a request or of a socket's scope, or None; where a key is given, a cookie never counts."""
    if isinstance(source, Mapping) and (authorization := header(source, b"authorization")):
        key = bearer_key(authorization)
        return key.user if key else None
    user: User | None = signed_in_user(source)
    return user
