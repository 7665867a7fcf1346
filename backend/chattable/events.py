"""What the page is told: the shape of every event, and the outbox that sends them."""

import asyncio
import hashlib
import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from redis.exceptions import RedisError

from chattable import layers
from chattable.conf import settings
from chattable.exceptions import ANSWER_ERRORS

if TYPE_CHECKING:
    from django.db.models import Model

    from chattable.models import Chat, Message

logger = logging.getLogger(__name__)

type Event = dict[str, Any]
type Span = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Delta:
    """What grew in a message: per field `(start, end, text)`, counted in characters of this `rev`."""

    rev: int
    content: Span | None = None
    reasoning: Span | None = None

    def followed_by(self, later: "Delta") -> "Delta | None":
        """Both as one delta, or None where `later` does not continue this one."""
        if self.rev != later.rev or not (
            _continues(self.content, later.content) and _continues(self.reasoning, later.reasoning)
        ):
            return None
        return Delta(self.rev, _join(self.content, later.content), _join(self.reasoning, later.reasoning))


def _continues(first: Span | None, second: Span | None) -> bool:
    return first is None or second is None or first[1] == second[0]


def _join(first: Span | None, second: Span | None) -> Span | None:
    if first is None or second is None:
        return first or second
    return first[0], second[1], first[2] + second[2]


def message_snapshot(message: "Message") -> dict[str, Any]:
    """The message as the API and the events show it."""
    return {
        **message_state(message),
        "content": message.content,
        "reasoning": message.reasoning,
    }


def message_state(message: "Message") -> dict[str, Any]:
    """The message without its texts: their lengths tell a reader whether it holds them whole."""
    return {
        "id": message.id,
        "chat": message.chat_id,
        "parent": message.parent_id,
        "role": message.role,
        "model": message.model,
        "status": message.status,
        "finish_reason": message.finish_reason,
        "error": error_snapshot(message.error),
        "rev": message.rev,
        "version": message.version,
        "content_length": len(message.content),
        "reasoning_length": len(message.reasoning),
        "created_at": message.created_at,
        "updated_at": message.updated_at,
    }


def error_snapshot(code: str) -> dict[str, str] | None:
    """The error of an answer as `{code, detail}`, the detail in plain words; None for no error."""
    return {"code": code, "detail": str(ANSWER_ERRORS.get(code, ANSWER_ERRORS["internal"]))} if code else None


def chat_snapshot(chat: "Chat") -> dict[str, Any]:
    """The chat as the API and the events show it."""
    return {
        "id": chat.id,
        "title": chat.title,
        "model": chat.model,
        "instructions": chat.instructions,
        "parameters": chat.parameters,
        "current_leaf": chat.current_leaf_id,
        "version": chat.version,
        "created_at": chat.created_at,
        "updated_at": chat.updated_at,
        "active_at": chat.active_at,
    }


def message_created(message: "Message") -> Event:
    """Event: the message is new."""
    return {"type": "message.created", "message": message_snapshot(message)}


def message_updated(message: "Message", delta: Delta | None) -> Event:
    """Event: the message grew by the delta, or (without one) changed its state."""
    if delta is None:
        return {"type": "message.updated", "message": message_state(message)}
    event: Event = {"type": "message.delta", "id": message.id, "rev": delta.rev}
    if delta.content:
        event["content"] = delta.content
    if delta.reasoning:
        event["reasoning"] = delta.reasoning
    return event


def chat_changed(kind: str, chat: "Chat") -> Event:
    """Event: the chat was `created`, `updated` or `deleted` (then with nothing but its id)."""
    return {"type": f"chat.{kind}", "chat": {"id": chat.id} if kind == "deleted" else chat_snapshot(chat)}


def group_of(owner_type: str, owner_id: object) -> str:
    """The name of the group that all sockets of an owner join; `owner_type` is `app_label.model`."""
    digest = hashlib.sha256(f"{owner_type}:{owner_id}".encode()).hexdigest()[:32]
    return f"chattable.{digest}"


def owner_group(owner: "Model") -> str:
    """The name of the group that all sockets of this owner join."""
    return group_of(owner._meta.label_lower, owner.pk)


def publish(group: str, event: Event) -> None:
    """Send the event to everyone in the group, from any thread, soon; never raises, never blocks."""
    outbox.put(group, event)


def recheck(owner: "Model") -> None:
    """Have every socket of the owner verify its credential now; those whose credential ended are closed (4401)."""
    outbox.put(owner_group(owner), RECHECK)


RECHECK: Event = {"type": "recheck"}


class Outbox:
    """Events waiting for the next flush: at once while idle, merged in between while one is under way."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, list[Event]] = {}
        self._flushing = False
        self.lost = 0

    def put(self, group: str, event: Event) -> None:
        """Add an event for a group and make sure that it is flushed."""
        with self._lock:
            queue = self._waiting.setdefault(group, [])
            if not (queue and _merged(queue, event)):
                queue.append(event)
            if self._flushing:
                return
            self._flushing = True
        loop = layers.background_loop()
        loop.call_soon_threadsafe(lambda: loop.create_task(self._flush()))

    async def _flush(self) -> None:
        while batch := self._take():
            try:
                await layers.group_send_many(_frames(batch))
            except (RedisError, OSError) as error:
                self.lost += sum(len(queue) for queue in batch.values())
                logger.warning("Events were lost, %s so far; pages will refetch: %s", self.lost, error)
            await asyncio.sleep(settings.FLUSH_SECONDS)

    def _take(self) -> dict[str, list[Event]]:
        with self._lock:
            batch, self._waiting = self._waiting, {}
            self._flushing = bool(batch)
            return batch


def _merged(queue: list[Event], event: Event) -> bool:
    """Fold a delta into the last event where it continues it."""
    last = queue[-1]
    if not (event["type"] == last["type"] == "message.delta" and event["id"] == last["id"]):
        return False
    both = _delta_of(last).followed_by(_delta_of(event))
    if both is None:
        return False
    for field in ("content", "reasoning"):
        if span := getattr(both, field):
            last[field] = span
    return True


def _delta_of(event: Event) -> Delta:
    return Delta(event["rev"], event.get("content"), event.get("reasoning"))


def _frames(batch: dict[str, list[Event]]) -> Iterable[layers.GroupMessage]:
    for group, queue in batch.items():
        if RECHECK in queue:
            yield group, {"type": "chattable.recheck"}
            queue = [event for event in queue if event is not RECHECK]
        if queue:
            yield group, {"type": "chattable.frame", "text": encode(queue)}


def encode(events: list[Event]) -> str:
    """The frame of these events as the socket carries it: one event, or a list of them."""
    return orjson.dumps(events[0] if len(events) == 1 else events, option=orjson.OPT_UTC_Z).decode()


outbox = Outbox()
