"""Pages of what moves while it is read: an owner's chats, and the path that is shown of a chat."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core import signing
from django.db.models import Q, QuerySet

from chattable.models.chat import Chat
from chattable.models.message import Message

type Place = tuple[datetime, uuid.UUID]


@dataclass(frozen=True, slots=True)
class Walk:
    """How far a reader has come: down from the newest chat, then up through those that moved above it meanwhile."""

    top: Place
    last: Place
    rising: bool = False

    def encode(self, *, salt: str) -> str:
        """The walk as a signed text, to be read back with the same salt only."""
        places = [part for at, pk in (self.top, self.last) for part in (at.isoformat(), pk.hex)]
        return signing.dumps([*places, self.rising], salt=salt)

    @classmethod
    def decode(cls, text: str, *, salt: str) -> "Walk":
        """The walk that was encoded; raises `signing.BadSignature` for every other text."""
        top_at, top, last_at, last, rising = signing.loads(text, salt=salt)
        return cls(
            top=(datetime.fromisoformat(top_at), uuid.UUID(top)),
            last=(datetime.fromisoformat(last_at), uuid.UUID(last)),
            rising=rising,
        )


def chat_page(chats: QuerySet[Chat], *, limit: int, walk: Walk | None) -> tuple[list[Chat], Walk | None]:
    """The next chats, at most `limit`, and the walk as it goes on, or None at its end.

    Merged by id, the pages of a walk hold each chat once in its newest state, whatever moved in between.
    """
    found: list[Chat] = []
    if walk is None or not walk.rising:
        below = chats.filter(_below(walk.last)) if walk else chats
        found = list(below.order_by("-active_at", "-id")[: limit + 1])
    if not found and walk is None:
        return [], None
    top = walk.top if walk else _place(found[0])
    if len(found) > limit:
        return found[:limit], Walk(top, _place(found[limit - 1]))
    if walk is None:
        return found, None
    above = chats.filter(_above(walk.last if walk.rising else top))
    found += above.order_by("active_at", "id")[: limit + 1 - len(found)]
    more = len(found) > limit
    found = found[:limit]
    return found, Walk(top, max(top, _place(found[-1])), rising=True) if more else None


def _place(chat: Chat) -> Place:
    return chat.active_at, chat.pk


def _below(place: Place) -> Q:
    at, pk = place
    return Q(active_at__lte=at) & (Q(active_at__lt=at) | Q(id__lt=pk))


def _above(place: Place) -> Q:
    at, pk = place
    return Q(active_at__gte=at) & (Q(active_at__gt=at) | Q(id__gt=pk))


@dataclass(frozen=True, slots=True)
class PathPage:
    """Some messages of the path that is shown, oldest first, and where its neighbours begin."""

    messages: Sequence[Message]
    before: uuid.UUID | None = None
    after: uuid.UUID | None = None


def path_page(
    chat: Chat,
    *,
    limit: int,
    before: uuid.UUID | None = None,
    after: uuid.UUID | None = None,
    around: uuid.UUID | None = None,
) -> PathPage | None:
    """The newest messages, or those next to one; None where that one is not on the path that is shown."""
    leaf = chat.current_leaf_id
    here = before or after or around
    if here is None:
        return _page(Message.objects.path(leaf, limit=limit), leaf)
    older = 0 if after else limit if before else (limit - 1) // 2
    newer = 0 if before else limit if after else limit // 2
    found = Message.objects.window(leaf, around=here, older=older, newer=newer)
    if not found:
        return None
    return _page(found[:-1] if before else found[1:] if after else found, leaf)


def _page(messages: Sequence[Message], leaf: uuid.UUID | None) -> PathPage:
    if not messages:
        return PathPage([])
    first, last = messages[0], messages[-1]
    return PathPage(messages, before=first.pk if first.parent_id else None, after=last.pk if last.pk != leaf else None)
