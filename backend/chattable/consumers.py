"""The socket: one per tab, carries every event of an owner's chats, forwards bytes."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from typing import Any

from django.conf import settings as django_settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.utils.http import is_same_domain

from chattable.conf import request_of
from chattable.subscriptions import AWAY, Subscription, first, subscribed

logger = logging.getLogger(__name__)

type Message = dict[str, Any]

# Why a socket is closed, and for good: the page must not come back with what it has.
CREDENTIAL_ENDED = 4401
MISUSED = 1008

PING = '{"type":"ping"}'
PONG = '{"type":"pong"}'
# A page needs three heartbeats a minute.
MAX_MESSAGES = 100
PER_SECONDS = 60.0
# How long a reader who takes nothing is given to take the close frame, in seconds.
CLOSE_SECONDS = 5.0


async def chat_socket(scope: Any, receive: Any, send: Any) -> None:
    """ASGI application: serves one socket to its end."""
    await ChatConsumer(scope, receive, send).run()


class ChatConsumer:
    """Admits an owner from an allowed origin and forwards what the owner's group is sent."""

    def __init__(
        self, scope: Any, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._heard: deque[float] = deque(maxlen=MAX_MESSAGES)

    async def run(self) -> None:
        """Join the owner's group, then accept; refuse strangers and other sites before accepting."""
        await self._receive()
        code = None
        async with AsyncExitStack() as stack:
            # A crowd that comes back waits here; whoever has given up must not be waited for.
            subscription = await first(self._admit(stack), self._leaves())
            if subscription:
                await self._send({"type": "websocket.accept"})
                code = await first(self._read(subscription), self._write(subscription), self._guard(subscription))
        if code or subscription is None:
            await self._close(code)

    async def _admit(self, stack: AsyncExitStack) -> Subscription | None:
        if not origin_allowed(self._scope):
            return None
        try:
            return await stack.enter_async_context(subscribed(self._scope))
        except AWAY as error:
            logger.warning("Refused a socket, which may come back later: %s", error)
            return None

    async def _leaves(self) -> None:
        """Return when the client has left before it was let in."""
        await self._receive()

    async def _write(self, subscription: Subscription) -> None:
        with suppress(OSError):
            while True:
                await self._send({"type": "websocket.send", "text": await subscription.frame()})

    async def _read(self, subscription: Subscription) -> int | None:
        """Answer heartbeats; nothing else goes upward."""
        while (message := await self._receive())["type"] == "websocket.receive":
            if (message.get("text") or "").replace(" ", "") != PING or self._is_flood():
                return MISUSED
            subscription.put(PONG)
        return None

    def _is_flood(self) -> bool:
        now = asyncio.get_running_loop().time()
        is_flood = len(self._heard) == MAX_MESSAGES and now - self._heard[0] < PER_SECONDS
        self._heard.append(now)
        return is_flood

    async def _guard(self, subscription: Subscription) -> int:
        await subscription.ended()
        return CREDENTIAL_ENDED

    async def _close(self, code: int | None) -> None:
        with suppress(OSError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._send({"type": "websocket.close", **({"code": code} if code else {})})


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
