"""Chats and messages; every save tells the chat's group the whole message."""

from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import models
from django.db.models.signals import post_save
from django.dispatch import receiver


class Chat(models.Model):
    """A chat."""

    created_at = models.DateTimeField(auto_now_add=True)


class Message(models.Model):
    """A message, saved for every token."""

    chat = models.ForeignKey(Chat, on_delete=models.CASCADE, related_name="messages")
    role = models.CharField(max_length=10)
    model = models.CharField(max_length=100)
    content = models.TextField(blank=True)
    status = models.CharField(max_length=10, default="done")


@receiver(post_save, sender=Message)
def tell(instance: Message, **_: Any) -> None:
    """Send the whole message."""
    if instance.role == "assistant":
        event = {"id": instance.pk, "content": instance.content, "status": instance.status}
        send = async_to_sync(get_channel_layer().group_send)
        send(f"chat-{instance.chat_id}", {"type": "chat.message", "message": event})
