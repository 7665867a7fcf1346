"""Pages of what moves while it is read: an owner's chats, the path that is shown of a chat, and what is found on it."""

import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import batched

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
    """Some messages of the path that is shown, oldest first, and where its neighbours begin.

    `length` counts the whole path, `position` what stands before the first of them.
    """

    messages: Sequence[Message]
    length: int = 0
    position: int = 0
    before: uuid.UUID | None = None
    after: uuid.UUID | None = None


def path_page(
    chat: Chat,
    *,
    limit: int,
    before: uuid.UUID | None = None,
    after: uuid.UUID | None = None,
    around: uuid.UUID | None = None,
    from_start: bool = False,
) -> PathPage | None:
    """The newest messages, the first, or those next to one; None where that one is not on the path that is shown."""
    leaf = chat.current_leaf_id
    if from_start:
        return _page(Message.objects.from_root(leaf, limit=limit), leaf)
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
        return PathPage([], Message.objects.path_length(leaf))
    first, last = messages[0], messages[-1]
    return PathPage(
        messages,
        length=first.path_length,
        position=first.path_length - first.depth,
        before=first.pk if first.parent_id else None,
        after=last.pk if last.pk != leaf else None,
    )


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that holds a text."""

    id: uuid.UUID
    position: int
    excerpt: str


# How many messages, and how many of their characters, one request looks through before it gives what it has found.
SEARCHED_MESSAGES = 2_000
SEARCHED_CHARS = 5_000_000
_BEFORE, _AFTER = 40, 120


def find(
    chat: Chat, *, text: str, limit: int, before: uuid.UUID | None = None
) -> tuple[list[Hit], uuid.UUID | None] | None:
    """Messages of the path that is shown that hold the text, newest first, and the `before` to go on with.

    None where `before` is not on that path. The text is compared here, since not every database knows the cases of
    letters beyond ASCII, and as it is read: across line breaks and marks of Markdown.
    """
    ids = Message.objects.ids_up_from(chat.current_leaf_id)
    if before is not None and before not in ids:
        return None
    start = ids.index(before) + 1 if before else 0
    end = min(len(ids), start + SEARCHED_MESSAGES)
    wanted = _pattern(text)
    hits: list[Hit] = []
    chars = 0
    for place, (pk, content) in enumerate(_contents(ids[start:end]), start + 1):
        if match := wanted.search(content):
            hits.append(Hit(pk, len(ids) - place, _excerpt(content, match)))
        chars += len(content)
        if len(hits) == limit or chars >= SEARCHED_CHARS or place == end:
            return hits, pk if place < len(ids) else None
    return [], None


def _pattern(text: str) -> re.Pattern[str]:
    """What finds the text with marks of Markdown in it, unless it has such marks itself."""
    marks = "".join(mark for mark in "*_~`\\" if mark not in text)
    kinds = [f"[{re.escape(marks)}]"] if marks else []
    if not set("[]()") & set(text):
        kinds += [r"\[", r"\](?:\([^()\s]*\))?"]
    # What the text has is never skipped, so that there is one way to read each place.
    skipped = f"(?:{'|'.join(kinds)})*+" if kinds else ""
    space = f"(?:\\s|{'|'.join(kinds)})*+" if kinds else r"\s*+"
    words = [skipped.join(map(re.escape, word)) for word in text.split()]
    return re.compile(f"{skipped}\\s{space}".join(words), re.IGNORECASE)


def _contents(ids: Sequence[uuid.UUID]) -> Iterator[tuple[uuid.UUID, str]]:
    for some in batched(ids, 100):
        contents = dict(Message.objects.filter(pk__in=some).values_list("pk", "content"))
        yield from ((pk, contents.get(pk, "")) for pk in some)


def _excerpt(content: str, match: re.Match[str]) -> str:
    """What stands around the match, on one line."""
    start, end = max(0, match.start() - _BEFORE), match.start() + _AFTER
    line = " ".join(content[start:end].split())
    return f"{'…' if start else ''}{line}{'…' if end < len(content) else ''}"
