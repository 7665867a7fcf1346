"""The models of a chat, and the mixin of the model that owns chats."""

from chattable.models.chat import Chat, Sent
from chattable.models.message import Message, Role, Status
from chattable.models.owner import Chattable
from chattable.models.run import Run
from chattable.models.settings import OwnerSettings

__all__ = ["Chat", "Chattable", "Message", "OwnerSettings", "Role", "Run", "Sent", "Status"]
