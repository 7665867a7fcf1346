"""What the page is told: the shape of every event, and the outbox that sends them."""

import asyncio
import atexit
import hashlib
import logging
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from redis.exceptions import RedisError

from chattable import layers
from chattable.conf import settings
from chattable.exceptions import ANSWER_ERRORS, BUSY_UNTIL

if TYPE_CHECKING:
    from django.db.models import Model

    from chattable.models import Chat, Message

logger = logging.getLogger(__name__)

# How long a channel layer that hangs may hold up the events that come after, in seconds.
SEND_SECONDS = 5.0
# How long events wait, and grow together, after a flush that failed, in seconds.
RETRY_SECONDS = 1.0
# A flush for so many groups is followed by the whole pause, one for fewer by a part of it: what is merged is worth the
# wait only where there is much of it.
MANY_GROUPS = 8

type Event = dict[str, Any]
type Span = tuple[int, int, str]


class Delta(NamedTuple):
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
        "error": error_snapshot(message.error, retry_at=message.retry_at),
        "retry_at": message.retry_at,
        "rev": message.rev,
        "version": message.version,
        "content_length": len(message.content),
        "reasoning_length": len(message.reasoning),
        "reasoning_ms": message.reasoning_ms,
        "created_at": message.created_at,
        "updated_at": message.updated_at,
    }


def error_snapshot(code: str, *, retry_at: datetime | None = None) -> dict[str, str] | None:
    """The error of an answer as `{code, detail}`, the detail in plain words; None for no error."""
    if not code:
        return None
    detail = str(ANSWER_ERRORS.get(code, ANSWER_ERRORS["internal"]))
    if retry_at:
        detail = str(BUSY_UNTIL) % {"time": f"{retry_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"}
    return {"code": code, "detail": detail}


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
    rev = {"rev": delta.rev} if delta.rev else {}
    return {"type": "delta", "id": message.id, **rev, **_spans(delta)}


def message_deleted(message: "Message") -> Event:
    """Event: the message is gone, alone; of a chat that is deleted as a whole only that is told."""
    return {"type": "message.deleted", "message": {"id": message.id, "chat": message.chat_id}}


def chat_changed(kind: str, chat: "Chat") -> Event:
    """Event: the chat was `created`, `updated` or `deleted` (then with nothing but its id)."""
    return {"type": f"chat.{kind}", "chat": {"id": chat.id} if kind == "deleted" else chat_snapshot(chat)}


def gap() -> Event:
    """Event: some events are missing here; fetch whatever is shown."""
    return {"type": "gap"}


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


class Queue:
    """The events of one group in order; a delta joins the last event of its message where it continues it."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._growing: dict[object, Event] = {}
        self.recheck = False

    def put(self, event: Event) -> None:
        """Add an event."""
        if event is RECHECK:
            self.recheck = True
        elif event["type"] == "delta":
            self._grow(event)
        else:
            self._events.append(event)
            if "message" in event:
                self._growing.pop(event["message"]["id"], None)

    def _grow(self, event: Event) -> None:
        last = self._growing.get(event["id"])
        both = _delta_of(last).followed_by(_delta_of(event)) if last else None
        if last and both:
            last.update(_spans(both))
        else:
            self._events.append(event)
            self._growing[event["id"]] = event

    def frame(self) -> str:
        """The events as the socket carries them; raises `TypeError` where one cannot be written as JSON."""
        return encode(self._events)

    def __len__(self) -> int:
        return len(self._events)


class Outbox:
    """Events waiting for the next flush: at once while idle, merged in between while one is under way."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, Queue] = {}
        self.idle = threading.Event()
        self.idle.set()
        self.lost = 0

    def put(self, group: str, event: Event) -> None:
        """Add an event for a group and make sure that it is flushed."""
        with self._lock:
            if (queue := self._waiting.get(group)) is None:
                queue = self._waiting[group] = Queue()
            queue.put(event)
            if not self.idle.is_set():
                return
            self.idle.clear()
        asyncio.run_coroutine_threadsafe(self._flush(), layers.background_loop())

    async def _flush(self) -> None:
        while batch := self._take():
            pause = pause_after(len(batch))
            messages = [(group, message) for group, queue in batch.items() for message in self._messages(queue)]
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    await layers.group_send_many(messages)
            except Exception as error:
                self._lose(sum(map(len, batch.values())), error)
                pause = RETRY_SECONDS
            await asyncio.sleep(pause)

    def _take(self) -> dict[str, Queue]:
        with self._lock:
            batch, self._waiting = self._waiting, {}
            if not batch:
                self.idle.set()
            return batch

    def _messages(self, queue: Queue) -> Iterator[dict[str, Any]]:
        if queue.recheck:
            yield {"type": "chattable.recheck"}
        if queue:
            try:
                yield {"type": "chattable.frame", "text": queue.frame()}
            except TypeError as error:
                self._lose(len(queue), error)

    def _lose(self, count: int, error: Exception) -> None:
        self.lost += count
        away = isinstance(error, RedisError | OSError)
        logger.log(
            logging.WARNING if away else logging.ERROR,
            "Events were lost, %s so far; pages will refetch: %s",
            self.lost,
            error,
            exc_info=None if away else error,
        )


def pause_after(groups: int) -> float:
    """How long events wait, and grow together, after a flush for so many groups, in seconds."""
    return float(settings.FLUSH_SECONDS) * min(1.0, groups / MANY_GROUPS)


def _delta_of(event: Event) -> Delta:
    return Delta(event.get("rev", 0), event.get("content"), event.get("reasoning"))


def _spans(delta: Delta) -> dict[str, Span]:
    """The fields that grew."""
    return {name: span for name in ("content", "reasoning") if (span := getattr(delta, name))}


def encode(events: list[Event]) -> str:
    """The frame of these events as the socket carries it: one event, or a list of them."""
    return orjson.dumps(events[0] if len(events) == 1 else events, option=orjson.OPT_UTC_Z).decode()


outbox = Outbox()


def _renew() -> None:
    """A forked process has its parent's events, but not the thread that sends them."""
    global outbox
    outbox = Outbox()


os.register_at_fork(after_in_child=_renew)
# A script that ends right after its answer still sends the last event, where that takes no longer than this.
atexit.register(lambda: outbox.idle.wait(2))
