"""The app: connects the signals and registers the checks."""

from django.apps import AppConfig
from django.db.models.signals import post_delete, post_save


class ChattableConfig(AppConfig):
    """Chats for any model, streamed."""

    name = "chattable"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect the signals of the package's own models."""
        from chattable import checks, signals  # noqa: F401
        from chattable.models import Chat, Message

        post_save.connect(signals.message_saved, sender=Message, dispatch_uid="chattable.message_saved")
        signals.message_delta.connect(signals.message_grew, dispatch_uid="chattable.message_grew")
        post_save.connect(signals.chat_saved, sender=Chat, dispatch_uid="chattable.chat_saved")
        post_delete.connect(signals.chat_deleted, sender=Chat, dispatch_uid="chattable.chat_deleted")
