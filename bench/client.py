"""The client of the benchmark: many chats at once through a stack's public interface, and what each has seen."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import aiohttp

Json = dict[str, Any]


def now_us() -> int:
    """The monotonic clock that the provider's stamps have, in microseconds."""
    return time.monotonic_ns() // 1000


@dataclass
class Session:
    """One chat with one answer, and what came of it."""

    model: str
    latencies: list[int] = field(default_factory=list)
    sent: int = 0
    posted: int = 0
    first: int = 0
    last: int = 0
    bytes: int = 0
    frames: int = 0
    tokens: int = 0
    doubled: int = 0
    done: bool = False
    error: str = ""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _rest: str = ""
    _next: int = 0

    def frame(self, data: str) -> None:
        """Count a frame of the socket, with its head."""
        size = len(data)
        self.bytes += size + (2 if size < 126 else 4 if size < 2**16 else 10)
        self.frames += 1

    def feed(self, text: str) -> None:
        """Take text that has grown; a token may be cut."""
        now = now_us()
        *tokens, self._rest = (self._rest + text).split(" ")
        for token in tokens:
            number, _, stamp = token.partition(":")
            if int(number) < self._next:
                self.doubled += 1
                continue
            self._next = int(number) + 1
            self.tokens += 1
            self.latencies.append(now - int(stamp))
        if tokens:
            self.last = now
            self.first = self.first or now

    def end(self) -> None:
        """The answer is whole, as the stack says."""
        self.done = True
        self.ended.set()


class Chat(Protocol):
    """An open chat of a stack: its socket is connected, nothing is sent yet."""

    async def send(self, session: Session) -> None: ...
    async def close(self) -> None: ...


type Open = Callable[[aiohttp.ClientSession, int], Any]


def client() -> aiohttp.ClientSession:
    """HTTP and sockets without a limit."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar(), timeout=aiohttp.ClientTimeout(120)
    )


async def read(socket: aiohttp.ClientWebSocketResponse, take: Callable[[str], None]) -> None:
    """Hand each frame over until the socket closes."""
    async for message in socket:
        if message.type is aiohttp.WSMsgType.TEXT:
            take(message.data)


async def run_sessions(
    open_chat: Open, *, count: int, model: str, ramp: float, deadline: float, mark: Callable[[str], None]
) -> tuple[list[Session], float]:
    """Open so many chats, send in all of them within `ramp` seconds, wait for the ends; sessions and the time taken.

    `mark` is called with "begin" when all chats are open, with "open" when all answers are, and with "end".
    """
    async with client() as http:
        gate = asyncio.Semaphore(20)

        async def opened(number: int) -> Chat:
            async with gate:
                chat: Chat = await open_chat(http, number)
                return chat

        chats = await asyncio.gather(*(opened(number) for number in range(count)))
        await asyncio.sleep(0.5)
        sessions = [Session(model) for _ in chats]
        mark("begin")
        started = time.monotonic()

        async def one(number: int) -> None:
            await asyncio.sleep(max(0.0, started + ramp * number / count - time.monotonic()))
            await talk(chats[number], sessions[number], deadline=deadline)

        tasks = [asyncio.create_task(one(number)) for number in range(count)]
        await asyncio.sleep(ramp + 1)
        mark("open")
        await asyncio.gather(*tasks)
        seconds = time.monotonic() - started
        mark("end")
        await asyncio.gather(*(chat.close() for chat in chats))
    return sessions, seconds


async def talk(chat: Chat, session: Session, *, deadline: float) -> None:
    """Send, and wait for the end of the answer."""
    session.sent = now_us()
    try:
        async with asyncio.timeout(deadline):
            await chat.send(session)
            session.posted = now_us()
            await session.ended.wait()
    except (aiohttp.ClientError, OSError, TimeoutError, RuntimeError) as error:
        session.error = f"{type(error).__name__}: {error}"[:200]
