"""What an owner has set for all of its chats."""

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.translation import gettext_lazy as _

from chattable.models.base import CleanTextField, uuid7


class OwnerSettings(models.Model):
    """One row an owner, made with the first change; as a rule through `owner.chat_settings`."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, db_index=False, related_name="+")
    owner_id = models.CharField(max_length=64)
    owner = GenericForeignKey("owner_type", "owner_id")
    instructions = CleanTextField(blank=True, help_text=_("Sent to the model with every chat, before the chat's own."))

    class Meta:
        verbose_name = verbose_name_plural = _("settings of an owner")
        constraints = (models.UniqueConstraint(fields=["owner_type", "owner_id"], name="chattable_settings_of_owner"),)

    def __str__(self) -> str:
        return str(self.owner)
