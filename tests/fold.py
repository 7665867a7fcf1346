"""The page's fold of events, once more in Python, for scripts that follow the socket.

frontend/src/shared/events/fold.ts has the same rules; tests/fixtures/events.json holds both to them.
"""

import json
from dataclasses import dataclass
from typing import Any

Message = dict[str, Any]
FIELDS = ("content", "reasoning")


@dataclass(frozen=True)
class Piece:
    """What a delta adds to one field; start and end are the server's counts of characters."""

    rev: int
    field: str
    start: int
    end: int
    text: str


class Fold:
    """The messages that a page shows after the frames and snapshots it has been given."""

    def __init__(self) -> None:
        self.messages: dict[str, Message] = {}
        # Deltas that came before the text they extend.
        self._pending: dict[str, list[Piece]] = {}
        # Snapshots without text that speak of more, or other, text than is here.
        self._awaited: dict[str, Message] = {}
        # Messages that may have grown or ended in a gap.
        self._doubted: dict[str, None] = {}

    @property
    def gaps(self) -> list[str]:
        """The ids of the messages that something is missing of, so that they have to be fetched."""
        pending = (key for key, pieces in self._pending.items() if pieces)
        return [*dict.fromkeys([*pending, *self._awaited, *self._doubted])]

    def missing(self, key: str) -> set[object]:
        """What waits for text of this message that is missing: early deltas, snapshots without text, doubts."""
        awaited = {("awaited", self._awaited[key]["version"])} if key in self._awaited else set()
        return {*self._pending.get(key, ()), *awaited, *({"doubted"} if key in self._doubted else ())}

    def frame(self, text: str) -> list[dict[str, Any]]:
        """Fold what one frame of the socket holds, an event or a list of them, and return it as a list."""
        frame = json.loads(text)
        events = frame if isinstance(frame, list) else [frame]
        for event in events:
            self.event(event)
        return events

    def event(self, event: dict[str, Any]) -> None:
        """Fold one event; those that are not about messages change nothing."""
        match event:
            case {"type": "delta", "id": key}:
                pieces = [Piece(event.get("rev", 0), field, *event[field]) for field in FIELDS if field in event]
                self._pending.setdefault(key, []).extend(pieces)
                self._catch_up(key)
            case {"type": "message.created" | "message.updated", "message": message}:
                self.snapshot(message)
            case {"type": "message.deleted", "message": {"id": key}}:
                for known in (self.messages, self._pending, self._awaited, self._doubted):
                    known.pop(key, None)
            case {"type": "gap"}:
                self._doubted.update((key, None) for key, message in self.messages.items() if is_running(message))

    def snapshot(self, new: Message) -> None:
        """Merge a snapshot with or without text: an older one changes nothing, a running one shortens nothing."""
        if "content" not in new:
            self._snapshot_without_text(new)
        else:
            known = self.messages.get(new["id"])
            if not (known and is_older(new, known)):
                self._doubted.pop(new["id"], None)
                self._show(merge(known, new) if known else new)
        self._catch_up(new["id"])

    def _snapshot_without_text(self, new: Message) -> None:
        key = new["id"]
        known, awaited = self.messages.get(key), self._awaited.get(key)
        if known and is_older(new, known):
            return
        text = text_of(known, new)
        if text is not None:
            self._show({**new, **text})
        elif not awaited or awaited["version"] < new["version"]:
            self._awaited[key] = new

    def _show(self, message: Message) -> None:
        key = message["id"]
        self.messages[key] = message
        if key in self._awaited and self._awaited[key]["version"] <= message["version"]:
            del self._awaited[key]
        if not is_running(message):
            self._doubted.pop(key, None)

    def _catch_up(self, key: str) -> None:
        """Let what had to wait have its turn."""
        if key not in self.messages:
            return
        pieces = sorted(self._pending.pop(key, []), key=lambda piece: (piece.rev, piece.start))
        early = [piece for piece in pieces if not self._extend(key, piece)]
        message = self.messages[key]
        self._pending[key] = [piece for piece in early if piece.rev == message["rev"] and is_running(message)]
        if key in self._awaited:
            self._snapshot_without_text(self._awaited.pop(key))

    def _extend(self, key: str, piece: Piece) -> bool:
        """Add the piece to the text; False if it comes too early."""
        message = self.messages[key]
        if piece.rev < message["rev"] or not is_running(message):
            return True
        if piece.rev > message["rev"]:
            message = self.messages[key] = {**message, **no_text(), "rev": piece.rev}
        length: int = message[f"{piece.field}_length"]
        if piece.start == length:
            grown = {piece.field: message[piece.field] + piece.text, f"{piece.field}_length": piece.end}
            self.messages[key] = {**message, **grown}
        return piece.end <= length or piece.start == length


def is_running(message: Message) -> bool:
    """Whether the text still grows."""
    return message["status"] in {"queued", "streaming"}


def is_older(new: Message, known: Message) -> bool:
    """Whether the snapshot tells nothing that is not known."""
    settled = new["version"] == known["version"] and not is_running(known)
    return any((settled, new["version"] < known["version"], new["rev"] < known["rev"]))


def merge(known: Message, new: Message) -> Message:
    """The new snapshot, with the longer text while it still grows."""
    if new["rev"] > known["rev"] or not is_running(new):
        return new
    kept = [field for field in FIELDS if new[f"{field}_length"] <= known[f"{field}_length"]]
    return {**new, **{name: known[name] for field in kept for name in (field, f"{field}_length")}}


def text_of(known: Message | None, light: Message) -> Message | None:
    """The text that belongs to a snapshot without one, if it is here."""
    if not known or known["rev"] != light["rev"]:
        return None if any(light[f"{field}_length"] for field in FIELDS) else no_text()
    lengths = [(known[f"{field}_length"], light[f"{field}_length"]) for field in FIELDS]
    if any(here < there or (here > there and not is_running(light)) for here, there in lengths):
        return None
    return {name: known[name] for field in FIELDS for name in (field, f"{field}_length")}


def no_text() -> Message:
    """The four fields of an answer that has not begun."""
    return {"content": "", "reasoning": "", "content_length": 0, "reasoning_length": 0}
