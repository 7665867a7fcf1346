"""The same events as server-sent events, for readers that no socket reaches: `GET /api/events/`."""

import asyncio
import logging
import signal
import threading
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from functools import cache
from typing import Any

import orjson
from rest_framework import exceptions as drf

from chattable.exceptions import EventsUnavailable, body_of
from chattable.subscriptions import AWAY, Subscription, first, subscribed

logger = logging.getLogger(__name__)

type Receive = Callable[[], Awaitable[dict[str, Any]]]
type Send = Callable[[dict[str, Any]], Awaitable[None]]

# How long a stream is silent at most, in seconds: proxies cut silent connections after 60, pages after 30.
HEARTBEAT_SECONDS = 15.0

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
_open: set["_End"] = set()


async def event_stream(scope: Any, receive: Receive, send: Send) -> None:
    """ASGI application: serves one stream until its reader leaves, its credential ends or the server stops."""
    async with AsyncExitStack() as stack:
        admitted = await first(_admit(scope, stack), _leaves(receive))
        if isinstance(admitted, Subscription):
            end = stack.enter_context(_End())
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            await first(_write(admitted, send), admitted.ended(), _leaves(receive), end.wait())
            with suppress(OSError):
                await send({"type": "http.response.body"})
        elif admitted:
            await _refuse(admitted, send)


async def _admit(scope: Any, stack: AsyncExitStack) -> Subscription | drf.APIException:
    try:
        return await stack.enter_async_context(subscribed(scope)) or drf.NotAuthenticated()
    except AWAY as error:
        logger.warning("Refused a stream, which may come back later: %s", error)
        return EventsUnavailable()


async def _leaves(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _write(subscription: Subscription, send: Send) -> None:
    with suppress(OSError):
        await send(_chunk(": the stream stands"))
        while True:
            try:
                text = await asyncio.wait_for(subscription.frame(), HEARTBEAT_SECONDS)
                await send(_chunk(f"data: {text}"))
            except TimeoutError:
                await send(_chunk(":"))


def _chunk(text: str) -> dict[str, Any]:
    return {"type": "http.response.body", "body": f"{text}\n\n".encode(), "more_body": True}


async def _refuse(error: drf.APIException, send: Send) -> None:
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    if error.status_code == drf.NotAuthenticated.status_code:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": error.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": orjson.dumps(body_of(error))})


class _End:
    """The server's stop, as one stream learns of it."""

    def __init__(self) -> None:
        self._loop, self._event = asyncio.get_running_loop(), asyncio.Event()

    def __enter__(self) -> "_End":
        _hear_signals()
        _open.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        _open.discard(self)

    async def wait(self) -> None:
        await self._event.wait()

    def come(self) -> None:
        self._loop.call_soon_threadsafe(self._event.set)


@cache
def _hear_signals() -> None:
    """A server that is told to stop lets every response come to its end; a stream has none but this."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        servers_own = signal.getsignal(number)
        if callable(servers_own):
            signal.signal(number, _ending_streams(servers_own))


def _ending_streams(then: Callable[..., Any]) -> Callable[..., Any]:
    def handle(*arguments: Any) -> Any:
        for end in list(_open):
            end.come()
        return then(*arguments)

    return handle
