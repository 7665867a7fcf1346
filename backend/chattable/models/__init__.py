"""The models of a chat, and the mixin of the model that owns chats."""

from chattable.models.chat import Chat, Sent
from chattable.models.message import Message, Role, Status
from chattable.models.owner import Chattable
from chattable.models.run import Run

__all__ = ["Chat", "Chattable", "Message", "Role", "Run", "Sent", "Status"]
