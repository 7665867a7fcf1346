"""The mixin that gives a model chats."""

from typing import TYPE_CHECKING, Any

from django.contrib.contenttypes.fields import GenericRelation
from django.db import models

from chattable import events
from chattable.models.chat import Chat
from chattable.models.settings import OwnerSettings

if TYPE_CHECKING:
    from chattable.models.message import Message


class Chattable(models.Model):
    """Gives a model `owner.chats` and two hooks; the owner's primary key must be a single column."""

    chats = GenericRelation(Chat, content_type_field="owner_type", object_id_field="owner_id")
    chat_settings = GenericRelation(OwnerSettings, content_type_field="owner_type", object_id_field="owner_id")

    class Meta:
        abstract = True

    def on_message_create(self, message: "Message") -> Any:
        """Called after the commit of a new message; override it (`def`, `async def`), call super() to keep the push."""
        events.publish(message.chat.group, events.message_created(message))

    def on_message_update(self, message: "Message", delta: "events.Delta | None" = None) -> Any:
        """Called with each delta that the answer grows by, and without one after each change of its state."""
        events.publish(message.chat.group, events.message_updated(message, delta))
