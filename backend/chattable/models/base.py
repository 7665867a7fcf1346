"""What all rows share: ids, texts that every database takes, and a version that counts saves."""

from typing import Any

from django.db import models
from uuid_utils.compat import uuid7

from chattable.models.compiled import CompiledSaves

__all__ = ["CleanCharField", "CleanTextField", "Versioned", "clean", "uuid7"]


def clean(text: str) -> str:
    """The text without what databases refuse: NUL characters go, lone surrogates become U+FFFD."""
    text = text.replace("\x00", "")
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class _Clean(models.Field):  # type: ignore[type-arg]
    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = super().pre_save(model_instance, add)
        if isinstance(value, str):
            value = clean(value)
            setattr(model_instance, self.attname, value)
        return value


class CleanTextField(_Clean, models.TextField):  # type: ignore[type-arg]
    """Text that every database takes; what was removed is gone from the instance too."""


class CleanCharField(_Clean, models.CharField):  # type: ignore[type-arg]
    """Short text that every database takes."""


class Versioned(CompiledSaves):
    """A row with a time-ordered id whose `version` counts its saves, so that readers can tell the newer of two."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    version = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True

    def save(self, **kwargs: Any) -> None:
        """Save and count the version up."""
        self.version += 1
        if (fields := kwargs.get("update_fields")) is not None:
            kwargs["update_fields"] = {*fields, "version", "updated_at"}
        super().save(**kwargs)
