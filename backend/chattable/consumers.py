"""The socket: one per tab, carries every event of an owner's chats, forwards bytes."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from typing import Any

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
