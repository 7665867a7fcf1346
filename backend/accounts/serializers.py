"""API keys as the API shows them."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from accounts.models import ApiKey
from chattable.serializers import TextField


@extend_schema_serializer(component_name="ApiKey")
class ApiKeySerializer(serializers.ModelSerializer[ApiKey]):
    """A key without its secret; `prefix` is how the secret begins."""

    name = TextField(max_length=100)

    class Meta:
        model = ApiKey
        fields: tuple[str, ...] = ("id", "name", "prefix", "created_at", "last_used_at")
        read_only_fields = ("last_used_at",)


@extend_schema_serializer(component_name="ApiKeyCreated")
class ApiKeyCreatedSerializer(ApiKeySerializer):
    """A new key with its secret, which is shown this once."""

    key = serializers.CharField(read_only=True, help_text="The secret. It is not kept and never shown again.")

    class Meta(ApiKeySerializer.Meta):
        fields = (*ApiKeySerializer.Meta.fields, "key")


@extend_schema_serializer(component_name="ApiKeyList", many=False)
class ApiKeyListSerializer(serializers.Serializer[dict[str, Any]]):
    """All keys, newest first."""

    results = ApiKeySerializer(many=True)


@extend_schema_serializer(component_name="DeleteAccount")
class DeleteAccountSerializer(serializers.Serializer[dict[str, Any]]):
    """What shows that it is the person who asks."""

    password = TextField(max_length=1000, trim_whitespace=False, write_only=True)

    def validate_password(self, password: str) -> str:
        """The password, if it is the person's."""
        if not self.context["user"].check_password(password):
            raise serializers.ValidationError("This is not your password.", "wrong_password")
        return password
