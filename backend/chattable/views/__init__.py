"""The REST API: whoever `OWNER_RESOLVER` finds sees the own chats and messages; everything else does not exist."""

from chattable.views.base import OwnerView
from chattable.views.chats import ChatViewSet
from chattable.views.messages import ChatMessageViewSet, MessageViewSet
from chattable.views.service import ConfigView, EventsView, ModelsView, OwnerDetailsView, StatusView

__all__ = [
    "ChatMessageViewSet",
    "ChatViewSet",
    "ConfigView",
    "EventsView",
    "MessageViewSet",
    "ModelsView",
    "OwnerDetailsView",
    "OwnerView",
    "StatusView",
]
