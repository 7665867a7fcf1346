"""People with their tabs: real requests, real sockets, and the page's fold of what they bring."""

import asyncio
import random
import re
import time
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import aiohttp

from chaos.history import History, fault_of
from config.stack import FRONTEND
from fold import Fold, is_running

Json = dict[str, Any]
AWAY = (aiohttp.ClientError, OSError, TimeoutError)
CREDENTIAL_ENDED, MISUSED = 4401, 1008
PING = '{"type":"ping"}'
# The server has closed in order.
SERVER_CLOSES = (1001, 1012)
CONSTANT = re.compile(r"^const ([A-Z_]+) = ([\d_]+|\[[\d_, ]+\]);", re.MULTILINE)


def page_times() -> dict[str, list[float]]:
    """The page's own time limits, in seconds, as its code has them."""
    files = (FRONTEND / "src" / "shared" / "events").glob("*.ts")
    found = [pair for file in files for pair in CONSTANT.findall(file.read_text())]
    return {name: [int(ms) / 1000 for ms in re.findall(r"[\d_]+", value)] for name, value in found}


TIMES = page_times()
PING_EVERY, DEAD_AFTER, OPEN_WITHIN = (TIMES[name][0] for name in ("PING_EVERY", "DEAD_AFTER", "OPEN_WITHIN"))
RETRY_WITHIN, LONGEST_RETRY, BACK_WITHIN = TIMES["RETRY_WITHIN"], TIMES["LONGEST_RETRY"][0], TIMES["BACK_WITHIN"][0]
REPAIR_WAIT, SILENCE = TIMES["FIRST_WAIT"][0], TIMES["SILENCE"][0]


class Refused(Exception):
    """The server does not want what was asked, and would not later either."""


def transport_of(socket: aiohttp.ClientWebSocketResponse) -> Any:
    """What is below the socket, to be cut or not to be read from."""
    connection = socket._response.connection
    assert connection is not None
    return connection.transport


class Person:
    """An owner of chats, by an API key, at one of the web processes."""

    def __init__(self, http: aiohttp.ClientSession, *, key: str, urls: Iterable[str], history: History) -> None:
        self.http = http
        self.headers = {"Authorization": f"Bearer {key}"}
        self.urls = [*urls]
        self.history = history

    @property
    def url(self) -> str:
        """One of the web processes: none is better than another."""
        return random.choice(self.urls)

    async def try_call(
        self, method: str, path: str, body: Json | None = None, *, patience: float = 30
    ) -> tuple[int, Any]:
        """The status and the body; status 0 where there was no answer."""
        limit = aiohttp.ClientTimeout(total=patience)
        try:
            async with self.http.request(
                method, self.url + path, json=body, headers=self.headers, timeout=limit
            ) as answer:
                return answer.status, await answer.json(content_type=None)
        except (*AWAY, ValueError):
            return 0, None

    async def call(self, method: str, path: str, body: Json | None = None, *, patience: float = 90) -> Any:
        """The body of a good answer; asks again while the server is away or busy."""
        deadline = time.monotonic() + patience
        while True:
            status, answer = await self.try_call(method, path, body)
            if 200 <= status < 300:
                return answer
            if 400 <= status < 500 and status != 429:
                raise Refused(f"{method} {path}: {status} {answer}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"{method} {path}: {status} {answer}")
            await asyncio.sleep(random.uniform(0.1, 0.4))

    async def chat(self) -> str:
        """The id of a new chat."""
        return str((await self.call("POST", "/api/chats/", {"id": str(uuid.uuid4())}))["id"])

    async def send(self, chat: str, *, model: str, key: str = "", content: str = "") -> str:
        """Send a turn until it is confirmed; returns the answer's id."""
        key = key or str(uuid.uuid4())
        content = content or f"turn {key}"
        self.history.note("send", id=key, chat=chat, content=content, model=model)
        body = {"id": key, "content": content, "model": model}
        sent = await self.call("POST", f"/api/chats/{chat}/messages/", body)
        self.history.note("sent", id=key, answer=sent["answer"]["id"])
        return str(sent["answer"]["id"])

    async def ask(self, model: str) -> str:
        """Send a turn in a chat of its own; returns the answer's id."""
        return await self.send(await self.chat(), model=model)

    async def message(self, key: str) -> Json:
        """A message as it is now."""
        return dict(await self.call("GET", f"/api/messages/{key}/"))

    async def ended(self, key: str, *, patience: float = 90) -> Json:
        """The message once it is final."""
        deadline = time.monotonic() + patience
        while is_running(message := await self.message(key)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"message {key} is still {message['status']} after {patience:g} s")
            await asyncio.sleep(0.1)
        return message


class Tab:
    """A tab: one socket that comes back, the page's fold, and the page's ways to repair it."""

    def __init__(self, person: Person, *, url: str = "", speed: float = 1.0) -> None:
        """`speed` divides the page's times."""
        self.person = person
        self.fold = Fold()
        self.opens: list[float] = []
        self.codes: list[int | None] = []
        # Since when each early delta, or whatever else tells of a gap, has waited for what was before it.
        self.gaps: dict[str, dict[object, float]] = {}
        self.healed: list[float] = []
        self.final_at: dict[str, float] = {}
        self.deaths: list[float] = []
        self._url, self._speed = url, speed
        self._shown: dict[str, tuple[int, str]] = {}
        self._heard: dict[str, float] = {}
        self._failures = 0
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._repairing: asyncio.Task[None] | None = None
        self.socket: aiohttp.ClientWebSocketResponse | None = None

    async def __aenter__(self) -> Self:
        self._start(self._live())
        await self.until(lambda: self.opens, what="the socket")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def until(self, condition: Callable[[], object], *, what: str, patience: float = 90) -> None:
        """Return when it holds for what the tab has seen."""
        try:
            async with asyncio.timeout(patience):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise TimeoutError(f"{what}: not within {patience:g} s") from None

    def cut(self) -> None:
        """Break the connection as a network does."""
        if self.socket and not self.socket.closed:
            transport_of(self.socket).abort()

    def content(self, key: str) -> str:
        """The answer as far as it is shown."""
        return str(self.fold.messages.get(key, {}).get("content", ""))

    def has_ended(self, key: str) -> bool:
        """Whether the answer is shown whole and final."""
        message = self.fold.messages.get(key)
        return message is not None and not is_running(message) and key not in self.fold.gaps

    async def follow(self, *keys: str) -> None:
        """Show these messages, as a page does when it opens their chat."""
        for key in keys:
            self._heard[key] = time.monotonic()
        await asyncio.gather(*(self._fetch(key) for key in keys))

    def note_end(self, *keys: str) -> None:
        """Tell the history what is shown in the end."""
        for key in keys:
            message = self.fold.messages.get(key, {})
            facts = {name: message.get(name) for name in ("rev", "model", "status", "content")}
            self.person.history.note("shown", id=key, **facts)

    def _start(self, coroutine: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _live(self) -> None:
        while True:
            url = (self._url or self.person.url).replace("http", "ws", 1) + "/ws/"
            limit = LONGEST_RETRY if self._failures >= len(RETRY_WITHIN) else RETRY_WITHIN[self._failures]
            with suppress(*AWAY):
                async with asyncio.timeout(OPEN_WITHIN / self._speed):
                    self.socket = await self.person.http.ws_connect(
                        url, headers=self.person.headers, max_msg_size=0, compress=0, autoclose=True
                    )
                await self._serve(self.socket)
                self.codes.append(self.socket.close_code)
                self._changed.set()
                if self.socket.close_code in (CREDENTIAL_ENDED, MISUSED):
                    return
                limit = BACK_WITHIN if self.socket.close_code in SERVER_CLOSES else RETRY_WITHIN[0]
            self._failures += 1
            await asyncio.sleep(random.random() * limit / self._speed)

    async def _serve(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._failures = 0
        self.opens.append(time.monotonic())
        # What happened meanwhile has to be fetched.
        self._take('{"type":"gap"}')
        await socket.send_str(PING)
        pinged = True
        while True:
            try:
                async with asyncio.timeout((DEAD_AFTER if pinged else PING_EVERY) / self._speed):
                    message = await socket.receive()
            except TimeoutError:
                if pinged:
                    self.deaths.append(time.monotonic())
                    self._changed.set()
                    self.cut()
                    return
                await socket.send_str(PING)
                pinged = True
                continue
            pinged = False
            if message.type is not aiohttp.WSMsgType.TEXT:
                return
            self._take(message.data)

    def _take(self, text: str) -> None:
        for event in self.fold.frame(text):
            key = event.get("id") or event.get("message", {}).get("id")
            if key:
                self._heard[key] = time.monotonic()
                self._look(key)
        self._changed.set()
        if self._repairing is None or self._repairing.done():
            self._repairing = self._start(self._repair())

    def _look(self, key: str) -> None:
        """Judge what is shown now."""
        now = time.monotonic()
        missing, gaps = self.fold.missing(key), self.gaps.setdefault(key, {})
        self.healed += [now - gaps.pop(item) for item in gaps.keys() - missing]
        gaps.update(dict.fromkeys(missing - gaps.keys(), now))
        if not (message := self.fold.messages.get(key)):
            return
        fault = fault_of(message)
        rev, before = self._shown.get(key, (message["rev"], ""))
        is_torn = message["rev"] < rev or (message["rev"] == rev and not message["content"].startswith(before))
        if is_torn and not fault:
            fault = f"after {before[-40:]!r} of attempt {rev} came {message['content'][-40:]!r} of {message['rev']}"
        if fault:
            self.person.history.note("misread", id=key, fault=fault, content=message["content"])
        self._shown[key] = message["rev"], message["content"]
        if self.has_ended(key):
            self.final_at.setdefault(key, time.time())

    async def _fetch(self, key: str) -> None:
        with suppress(Refused, TimeoutError):
            self.fold.snapshot(await self.person.message(key))
            self._look(key)
            self._changed.set()

    async def _repair(self) -> None:
        """Fetch what has gaps, and what is running and silent."""
        while running := [key for key in self._heard if not self.has_ended(key)]:
            await asyncio.sleep(REPAIR_WAIT / self._speed)
            now = time.monotonic()
            for key in running:
                silent = now - self._heard[key] > SILENCE / self._speed
                if key in self.fold.gaps or silent:
                    self._heard[key] = now if silent else self._heard[key]
                    await self._fetch(key)
