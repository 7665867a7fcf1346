"""A running stack with its provider, the lines that can be cut, its database, and people."""

import asyncio
import itertools
import json
import os
import random
import sqlite3
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import psycopg

from chaos.history import Failure, History, judge
from chaos.people import Person, Tab
from chaos.promise import Setting
from chaos.proxy import Proxy
from config.postgres import private_postgres
from config.stack import BACKEND, ROOT, Options, Stack
from fake_openai import FakeOpenAI

KEYS = 120
STORED = "SELECT id, chat_id, parent_id, role, model, rev, status, content FROM chattable_message"


class Database:
    """The stack's database, asked past the product."""

    def __init__(self, url: str) -> None:
        self.is_sqlite = url.startswith("sqlite")
        self._url = urlsplit(url).path if self.is_sqlite else url

    def connect(self) -> Any:
        """A connection of one's own, in autocommit."""
        if self.is_sqlite:
            return sqlite3.connect(self._url, timeout=30, isolation_level=None, check_same_thread=False)
        return psycopg.connect(self._url.replace("postgres://", "postgresql://"), autocommit=True)

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return await asyncio.to_thread(self._rows, sql)

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        connection = self.connect()
        try:
            return list(connection.execute(sql).fetchall())
        finally:
            connection.close()

    async def running(self) -> int:
        """How many answers are not final."""
        [(number,)] = await self.rows("SELECT count(*) FROM chattable_message WHERE status IN ('queued', 'streaming')")
        return int(number)


@dataclass
class Scene:
    """What a promise is tried on."""

    stack: Stack
    provider: FakeOpenAI
    provider_line: Proxy
    web_lines: list[Proxy]
    database: Database
    http: aiohttp.ClientSession
    keys: list[str]
    # The key of one who may be shut out.
    guest: str
    folder: Path
    random: random.Random
    history: History
    _numbers: Any = None

    def people(self, number: int) -> list[Person]:
        """So many people; where there are more than owners, several share an owner."""
        self._numbers = self._numbers or itertools.count()
        keys = [self.keys[next(self._numbers) % len(self.keys)] for _ in range(number)]
        return [Person(self.http, key=key, urls=self.stack.web_urls, history=self.history) for key in keys]

    def tab(self, person: Person, **options: Any) -> Tab:
        """A tab of the person, over a line that can be cut."""
        return Tab(person, **{"url": self.random.choice(self.web_lines).url, **options})

    def begin(self, name: str) -> None:
        """Begin a new history."""
        self.history.close()
        self.history = History(self.folder / f"{name}.jsonl")
        self.provider.reset()

    async def settle(self, *, patience: float = 120) -> float:
        """The seconds until all answers are final; raises `TimeoutError`."""
        started = time.monotonic()
        while await self.database.running():
            if time.monotonic() - started > patience:
                raise TimeoutError(f"{await self.database.running()} answers are not final after {patience:g} s")
            await asyncio.sleep(0.1)
        return time.monotonic() - started

    async def judged(self, *, most_requests: int) -> list[Failure]:
        """What the checker finds in the history, together with what is stored now."""
        keys = {event["id"] for event in self.history.events if event["kind"] == "send"}
        for row in await self.database.rows(STORED):
            key, chat, parent = (str(uuid.UUID(str(value))) if value else None for value in row[:3])
            if key in keys or parent in keys:
                facts = dict(zip(("role", "model", "rev", "status", "content"), row[3:], strict=True))
                self.history.note("stored", id=key, chat=chat, parent=parent, **facts)
        asked = Counter(record.body["messages"][-1]["content"] for record in self.provider.requests)
        turns = {event["content"]: event["id"] for event in self.history.events if event["kind"] == "send"}
        for content, times in asked.items():
            self.history.note("asked", id=turns.get(content), content=content, times=times)
        return judge(self.history.events, most_requests=most_requests)

    async def ready(self, *, patience: float = 60) -> None:
        """Return when every service answers again."""
        person = self.people(1)[0]
        deadline = time.monotonic() + patience
        while (answer := await person.try_call("GET", "/readyz"))[0] != 200:
            if time.monotonic() > deadline:
                faults = [event["name"] for event in self.history.events if event["kind"] == "fault"]
                raise TimeoutError(f"the stack is not ready: {answer} after {faults[-4:]}")
            await asyncio.sleep(0.1)


def keep_what_is_committed(url: str) -> None:
    """Let PostgreSQL keep, also when it crashes, what it has confirmed; the tests' server is set to be fast instead."""
    with psycopg.connect(url.replace("postgres://", "postgresql://"), autocommit=True) as connection:
        connection.execute("ALTER ROLE chattable SET synchronous_commit = on")


@asynccontextmanager
async def scene(setting: Setting, *, database: str, folder: Path, seed: int) -> AsyncIterator[Scene]:
    """A stack with two web processes, two workers and a database of its own, "postgres" or "sqlite"."""
    async with AsyncExitStack() as stack:
        url = await asyncio.to_thread(stack.enter_context, private_postgres()) if database == "postgres" else ""
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chattable-chaos-")))
        provider = await stack.enter_async_context(FakeOpenAI())
        line = await stack.enter_async_context(Proxy(provider.url))
        if url:
            keep_what_is_committed(url)
        values = {
            "DJANGO_SETTINGS_MODULE": "chaos.settings",
            "PYTHONPATH": os.pathsep.join((str(BACKEND), str(ROOT / "tests"))),
            "CHAOS": json.dumps(setting.chattable),
            "CHAOS_LAYER": setting.layer,
            "OPENAI_API_KEY": "none",
            "OPENAI_BASE_URL": line.url,
            "LOG_LEVEL": "WARNING",
        }
        # Below the ports of outgoing connections, which might take one while nobody listens on it.
        port = random.randrange(20_000, 30_000)
        options = Options(web=2, workers=2, web_port=port, data=data, database_url=url, settings=values)
        running = await stack.enter_async_context(Stack(options))
        keys = data / "keys.json"
        await running.manage("create_api_keys", "--count", str(KEYS), "--output", str(keys), "--force")
        secrets = json.loads(keys.read_text())
        lines = [await stack.enter_async_context(Proxy(url)) for url in running.web_urls]
        http = await stack.enter_async_context(
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar())
        )
        yield Scene(
            stack=running,
            provider=provider,
            provider_line=line,
            web_lines=lines,
            database=Database(running.env["DATABASE_URL"]),
            http=http,
            keys=secrets[:-1],
            guest=secrets[-1],
            folder=folder,
            random=random.Random(seed),
            history=History(),
        )


@asynccontextmanager
async def bare_scene(*, folder: Path, seed: int) -> AsyncIterator[Scene]:
    """What promises need that are tried without a stack."""
    nothing: Any = None
    provider = FakeOpenAI()
    yield Scene(
        stack=nothing,
        provider=provider,
        provider_line=nothing,
        web_lines=[],
        database=nothing,
        http=nothing,
        keys=[],
        guest="",
        folder=folder,
        random=random.Random(seed),
        history=History(),
    )


async def crowd[T](items: Sequence[T], work: Callable[[T], Any], *, at_once: int) -> list[Any]:
    """The results of the work on each item, so many at once."""
    gate = asyncio.Semaphore(at_once)

    async def one(item: T) -> Any:
        async with gate:
            return await work(item)

    return await asyncio.gather(*(one(item) for item in items))
