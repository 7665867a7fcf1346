"""What one reader is sent, whatever carries it: the owner's events in order, and `gap` where some are missing."""

import asyncio
import logging
import random
import sys
from collections import deque
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

from channels.db import database_sync_to_async
from django.conf import settings as django_settings
from django.core.exceptions import DisallowedHost
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest
from django.utils.http import is_same_domain
from redis.exceptions import RedisError

from chattable import conf, events, layers
from chattable.conf import request_of, settings

logger = logging.getLogger(__name__)

# How many bytes may wait for a slow reader, who then does better to fetch.
MAX_BACKLOG = 2**20
# Over how many seconds readers are told of a gap that all of them have.
SPREAD_SECONDS = 2.0

GAP = events.encode([events.gap()])

_KINDS = {"websocket": "socket", "http": "stream"}

# The database, Valkey or the reader is away.
AWAY = (DatabaseError, InterfaceError, RedisError, OSError)


class Subscription:
    """The frames for one reader, for as long as the credential in its scope counts."""

    def __init__(self, scope: Any, group: str) -> None:
        self._scope, self._group = scope, group
        self._backlog: deque[str] = deque()
        self._size = 0
        self._arrived = asyncio.Event()
        # Set from the start: the credential may have ended before the group was joined.
        self._doubt = asyncio.Event()
        self._doubt.set()

    def put(self, text: str) -> None:
        """Add a frame; one too many for a slow reader gives way, with all that waits, to a gap."""
        if self._size > MAX_BACKLOG:
            self._lose()
        else:
            self._append(text)

    async def frame(self) -> str:
        """The next frame, as soon as there is one."""
        while not self._backlog:
            self._arrived.clear()
            await self._arrived.wait()
        text = self._backlog.popleft()
        self._size -= sys.getsizeof(text)
        return text

    async def ended(self) -> None:
        """Check the credential now and then, and whenever it is in doubt; return when it has ended."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._doubt.wait(), settings.RECHECK_SECONDS)
            self._doubt.clear()
            try:
                if await _group_of(self._scope) != self._group:
                    return
            except AWAY as error:
                logger.warning("A reader's credential could not be checked and counts until the next check: %s", error)

    def deliver(self, message: dict[str, Any]) -> None:
        """Take what the owner's group is sent; never waits."""
        if message["type"] == "chattable.frame":
            self.put(message["text"])
        elif message["type"] == "chattable.recheck":
            self._doubt.set()
        elif message == layers.GAP:
            wait = random.uniform(0, SPREAD_SECONDS)  # noqa: S311
            asyncio.get_running_loop().call_later(wait, self._lose)

    def _append(self, text: str) -> None:
        self._size += sys.getsizeof(text)
        self._backlog.append(text)
        self._arrived.set()

    def _lose(self) -> None:
        self._backlog.clear()
        self._size = 0
        self._append(GAP)


@asynccontextmanager
async def subscribed(scope: Any) -> AsyncIterator[Subscription | None]:
    """A subscription of the scope's owner; None for nobody, and for another site. Raises one of `AWAY`."""
    group = await _group_of(scope) if _origin_allowed(scope) else None
    if group is None:
        yield None
        return
    subscription = Subscription(scope, group)
    async with layers.listening(group, subscription.deliver):
        yield subscription


async def first[T](*parts: Coroutine[Any, Any, T]) -> T:
    """Run all parts until one returns, drop the others, and return what it did."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _group_of(scope: Any) -> str | None:
    """The group of the credential's owner, or None."""
    owner = await database_sync_to_async(conf.resolve_owner)(scope)
    return None if owner is None else events.owner_group(owner)


def _origin_allowed(scope: Any) -> bool:
    """Whether the reader's origin is our own address or trusted; a socket without one is let in by a key only."""
    request = request_of(scope)
    origin = request.headers.get("Origin", "")
    if origin:
        allowed = origin == _own_origin(request) or _trusted(origin)
    else:
        by_key = request.headers.get("Authorization", "").lower().startswith("bearer ")
        allowed = by_key or scope["type"] == "http"
    if not allowed:
        logger.warning("Refused a %s from origin %.200r.", _KINDS[scope["type"]], origin)
    return allowed


def _own_origin(request: HttpRequest) -> str | None:
    try:
        return f"{request.scheme}://{request.get_host()}"
    except DisallowedHost:
        return None


def _trusted(origin: str) -> bool:
    """Whether `CSRF_TRUSTED_ORIGINS` names the origin, also by `https://*.example.com`."""
    scheme, _, host = origin.partition("://")
    for trusted in django_settings.CSRF_TRUSTED_ORIGINS:
        trusted_scheme, _, trusted_host = trusted.partition("://")
        if scheme == trusted_scheme and is_same_domain(host, trusted_host.removeprefix("*")):
            return True
    return False
