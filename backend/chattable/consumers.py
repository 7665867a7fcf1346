"""The socket: one per tab, carries every event of an owner's chats, forwards bytes."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, suppress
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

type Message = dict[str, Any]

# Why a socket is closed. A page whose credential has ended must not come back with it.
CREDENTIAL_ENDED = 4401
NOT_A_PING = 1008
EVENTS_LOST = 1012
TOO_SLOW = 1013

PING = '{"type":"ping"}'
PONG = '{"type":"pong"}'
# How many characters may wait for a slow reader, who then does better to come back and fetch.
MAX_BACKLOG = 2**20
# How long a reader who takes nothing is given to take the close frame, in seconds.
CLOSE_SECONDS = 5.0

# Over how many seconds sockets are closed that have all lost events at once.
SPREAD_SECONDS = 2.0

# The database, Valkey or the reader is away.
AWAY = (DatabaseError, InterfaceError, RedisError, OSError)


async def chat_socket(scope: Any, receive: Any, send: Any) -> None:
    """ASGI application: serves one socket to its end."""
    await ChatConsumer(scope, receive, send).run()


class ChatConsumer:
    """Admits an owner from an allowed origin and forwards what the owner's group is sent."""

    def __init__(
        self, scope: Any, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._backlog: asyncio.Queue[str] = asyncio.Queue()
        self._waiting = 0
        self._failed: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        # Set from the start: the credential may have ended before the group was joined.
        self._doubt = asyncio.Event()
        self._doubt.set()

    async def run(self) -> None:
        """Join the owner's group, then accept; refuse strangers and other sites before accepting."""
        await self._receive()
        async with AsyncExitStack() as stack:
            try:
                group = await self._group() if origin_allowed(self._scope) else None
                if group:
                    await stack.enter_async_context(layers.listening(group, self._deliver))
            except AWAY as error:
                logger.warning("Refused a socket, which may come back later: %s", error)
                group = None
            if group is None:
                await self._send({"type": "websocket.close"})
                return
            await self._send({"type": "websocket.accept"})
            code = await _first(self._read(), self._write(), self._guard(group), self._failed)
        if code:
            await self._close(code)

    def _deliver(self, message: Message) -> None:
        """Take what the group is sent; never waits."""
        if message["type"] == "chattable.frame":
            self._put(message["text"])
        elif message["type"] == "chattable.recheck":
            self._doubt.set()
        elif message == layers.GAP:
            wait = random.uniform(0, SPREAD_SECONDS)  # noqa: S311
            asyncio.get_running_loop().call_later(wait, self._fail, EVENTS_LOST)

    def _put(self, text: str) -> None:
        if self._waiting > MAX_BACKLOG:
            self._fail(TOO_SLOW)
            return
        self._waiting += len(text)
        self._backlog.put_nowait(text)

    def _fail(self, code: int) -> None:
        """Have a page that misses events come back and fetch what there is."""
        if not self._failed.done():
            self._failed.set_result(code)

    async def _write(self) -> None:
        with suppress(OSError):
            while True:
                text = await self._backlog.get()
                await self._send({"type": "websocket.send", "text": text})
                self._waiting -= len(text)

    async def _read(self) -> int | None:
        """Answer heartbeats; nothing else goes upward."""
        while (message := await self._receive())["type"] == "websocket.receive":
            if (message.get("text") or "").replace(" ", "") != PING:
                return NOT_A_PING
            self._put(PONG)
        return None

    async def _guard(self, group: str) -> int:
        """Check the credential now and then, and whenever it is in doubt; return when it has ended."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._doubt.wait(), settings.RECHECK_SECONDS)
            self._doubt.clear()
            try:
                if await self._group() != group:
                    return CREDENTIAL_ENDED
            except AWAY as error:
                logger.warning("A socket's credential could not be checked and counts until the next check: %s", error)

    async def _group(self) -> str | None:
        """The group of the credential's owner, or None."""
        owner = await database_sync_to_async(conf.resolve_owner)(self._scope)
        return None if owner is None else events.owner_group(owner)

    async def _close(self, code: int) -> None:
        with suppress(OSError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._send({"type": "websocket.close", "code": code})


async def _first(*parts: Coroutine[Any, Any, int | None] | asyncio.Future[int]) -> int | None:
    """Run all parts until one returns, and return what it did."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def origin_allowed(scope: Any) -> bool:
    """Whether the socket's origin is our own address or trusted; without an origin only a bearer key is let in."""
    request = request_of(scope)
    origin = request.headers.get("Origin", "")
    if origin:
        allowed = origin == _own_origin(request) or _trusted(origin)
    else:
        allowed = request.headers.get("Authorization", "").lower().startswith("bearer ")
    if not allowed:
        logger.warning("Refused a socket from origin %.200r.", origin)
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
