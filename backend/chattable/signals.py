"""From saved rows and growing texts to the hooks of the owner."""

import asyncio
import copy
import inspect
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.contrib.contenttypes.models import ContentType
from django.db import close_old_connections, connections, transaction
from django.dispatch import Signal

from chattable import events, layers
from chattable.conf import settings

if TYPE_CHECKING:
    from concurrent.futures import Future

    from chattable.events import Delta
    from chattable.models import Chat, Message

logger = logging.getLogger(__name__)

# Sent by `Message.append` with `message` and `delta` for every piece of text that grew.
message_delta = Signal(use_caching=True)


def message_saved(*, instance: "Message", created: bool, raw: bool = False, **_: Any) -> None:
    """Receiver of `post_save`: calls the owner's hook once the transaction has been committed."""
    if not raw:
        transaction.on_commit(lambda: instance.hooks.create() if created else instance.hooks.update(), robust=True)


def message_grew(*, message: "Message", delta: "Delta", **_: Any) -> None:
    """Receiver of `message_delta`: calls the owner's hook with the delta."""
    message.hooks.update(delta)


def chat_saved(*, instance: "Chat", created: bool, raw: bool = False, **_: Any) -> None:
    """Receiver of `post_save`: tells the owner's pages about the chat after the commit."""
    if not raw:
        kind = "created" if created else "updated"
        _publish_chat(instance, lambda: events.chat_changed(kind, instance))


def chat_deleted(*, instance: "Chat", **_: Any) -> None:
    """Receiver of `post_delete`: tells the owner's pages that the chat is gone."""
    event = events.chat_changed("deleted", instance)
    _publish_chat(instance, lambda: event)


def _publish_chat(chat: "Chat", event: Callable[[], events.Event]) -> None:
    transaction.on_commit(lambda: events.publish(chat.group, event()), robust=True)


class Hooks:
    """The owner's hooks as one message calls them: inherited ones at once, overridden ones in a lane of their own."""

    def __init__(self, message: "Message") -> None:
        self._message = message
        owner = _owner(message.chat)
        self._on_create = getattr(owner, "on_message_create", None)
        self._on_update = getattr(owner, "on_message_update", None)
        self._updates_at_once = self._on_update is not None and _inherited(self._on_update)
        self._lane = Lane()

    def create(self) -> None:
        """Call `on_message_create(message)`."""
        if self._on_create is None:
            return
        if _inherited(self._on_create):
            self._on_create(self._message)
        else:
            self._lane.put(Call(self._on_create, copy.copy(self._message)))

    def update(self, delta: "Delta | None" = None) -> None:
        """Call `on_message_update(message, delta)`; without a delta the state has changed."""
        if self._on_update is None:
            return
        if self._updates_at_once:
            self._on_update(self._message, delta)
        else:
            message = self._message if delta else copy.copy(self._message)
            self._lane.put(Call(self._on_update, message, delta, grows=True))

    async def drained(self) -> None:
        """Wait until every call has returned or was given up."""
        if calls := self._lane.calls:
            await asyncio.wait([asyncio.wrap_future(calls)], timeout=settings.HOOK_SECONDS + 1)


def _owner(chat: "Chat") -> Any:
    """The chat's owner; one whose hooks are inherited stands there unread, since they only need the chat."""
    owner_class: Any = ContentType.objects.get_for_id(chat.owner_type_id).model_class()
    hooks = [getattr(owner_class, name, None) for name in ("on_message_create", "on_message_update")]
    if all(hook is not None and _inherited(hook) for hook in hooks):
        return owner_class(pk=chat.owner_id)
    return chat.owner


def _inherited(hook: Callable[..., Any]) -> bool:
    return hook.__module__.startswith("chattable.")


@dataclass(slots=True)
class Call:
    """One call of an overridden hook."""

    hook: Callable[..., Any]
    message: "Message"
    delta: "Delta | None" = None
    grows: bool = False

    async def run(self) -> None:
        """Await the hook; where it raised, a broken database connection is not kept for the next one."""
        try:
            await self.hook(*self._args())
        except Exception:
            await sync_to_async(close_old_connections)()
            raise

    def run_in_thread(self) -> asyncio.Future[None]:
        """Call the hook in a daemon thread, which cannot keep the process from exiting where it hangs."""
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        threading.Thread(target=self._work, args=(loop, done), name="chattable-hook", daemon=True).start()
        return done

    def _work(self, loop: asyncio.AbstractEventLoop, done: asyncio.Future[None]) -> None:
        try:
            self.hook(*self._args())
        except Exception as error:
            self.log(error)
        finally:
            connections.close_all()
            loop.call_soon_threadsafe(_settle, done)

    def _args(self) -> tuple[Any, ...]:
        return (self.message, self.delta) if self.grows else (self.message,)

    def log(self, error: BaseException) -> None:
        """Tell the operator that the hook raised."""
        logger.error("%r raised; the answer goes on without it.", self.hook, exc_info=error)


def _settle(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)


class Lane:
    """Calls overridden hooks one after another and merges the deltas that come while one is running."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Call] = []
        self._detached = False
        self._busy = False
        self.calls: Future[None] | None = None

    def put(self, call: Call) -> None:
        """Call the hook soon; from any thread."""
        with self._lock:
            if self._detached or self._merged(call):
                return
            self._waiting.append(call)
            if self._busy:
                return
            self._busy = True
        self.calls = asyncio.run_coroutine_threadsafe(self._run(), layers.background_loop())

    def _merged(self, call: Call) -> bool:
        last = self._waiting[-1] if self._waiting else None
        if last is None or last.delta is None or call.delta is None:
            return False
        both = last.delta.followed_by(call.delta)
        last.delta = both or last.delta
        return both is not None

    async def _run(self) -> None:
        while call := self._take():
            limit = asyncio.timeout(settings.HOOK_SECONDS)
            try:
                async with limit:
                    await (call.run() if inspect.iscoroutinefunction(call.hook) else call.run_in_thread())
            except (Exception, asyncio.CancelledError) as error:
                if limit.expired():
                    self._detach(call)
                else:
                    call.log(error)

    def _take(self) -> Call | None:
        with self._lock:
            if self._waiting:
                return self._waiting.pop(0)
            self._busy = False
            return None

    def _detach(self, call: Call) -> None:
        with self._lock:
            self._detached = True
            self._waiting.clear()
        logger.error(
            "%r took longer than %s s and is not called again for message %s.",
            call.hook,
            settings.HOOK_SECONDS,
            call.message.pk,
        )
