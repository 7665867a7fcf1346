"""What is measured: streams in several numbers and speeds, and what costs when nothing streams."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from bench.client import Session, client, run_sessions, talk
from bench.history import histories
from bench.measure import Json, Statements, connections, cpu_seconds, memory, report
from bench.stacks import Running


@dataclass(frozen=True, kw_only=True)
class Load:
    """So many answers at once, `n` tokens each, `interval` ms apart, begun within `ramp` seconds."""

    c: int
    n: int
    interval: int
    ramp: float = 0.0
    deadline: float = 90.0


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A load, for each stack what it can bear of it; or a run of another kind."""

    name: str
    title: str
    chattable: Load | None = None
    naive: Load | None = None
    chainlit: Load | None = None
    run: Callable[[Running, str], Awaitable[Json]] | None = None
    web: int = 1
    # One a core.
    workers: int = 2

    def load(self, stack: str) -> Load | None:
        """What this stack is given."""
        load: Load | None = getattr(self, stack)
        return load


async def stream(
    running: Running, load: Load, *, label: str, watch: Callable[[str], Any] = lambda moment: None
) -> Json:
    """Put the load on the stack; the figures. `watch` is told when the run has begun, is all open, and has ended."""
    async with aiohttp.ClientSession() as http:
        before = await provider_stats(http, running)
        cpu: dict[str, dict[str, float]] = {}

        def mark(moment: str) -> None:
            cpu[moment] = cpu_seconds(running)
            watch(moment)

        sessions, seconds = await run_sessions(
            running.open_chat,
            count=load.c,
            model=f"bench-n{load.n}-i{load.interval}",
            ramp=load.ramp,
            deadline=load.deadline,
            mark=mark,
        )
        spent = {kind: value - cpu["begin"].get(kind, 0.0) for kind, value in cpu["end"].items()}
        after = await provider_stats(http, running)
    provider = {**after, "requests": after["requests"] - before["requests"]}
    return report(
        running, sessions, label=label, n=load.n, interval=load.interval, seconds=seconds, cpu=spent, provider=provider
    )


async def provider_stats(http: aiohttp.ClientSession, running: Running) -> Json:
    """The provider's counters."""
    async with http.get(f"{running.provider_url.removesuffix('/v1')}/stats") as answer:
        return dict(await answer.json())


async def first_tokens(running: Running, label: str) -> Json:
    """One short answer after another while nothing else is going on: how long until the first token."""
    sessions: list[Session] = []
    async with client() as http:
        for number in range(30):
            chat = await running.open_chat(http, number)
            session = Session("bench-n2-i20")
            await asyncio.sleep(0.1)
            await talk(chat, session, deadline=20)
            await chat.close()
            sessions.append(session)
    return report(running, sessions, label=label, n=2, interval=20, seconds=0, cpu={}, provider={})


async def message_cost(running: Running, label: str) -> Json:
    """Many answers of one token: what a message costs whatever its length."""
    figures = await stream(running, Load(c=100, n=1, interval=20, ramp=4), label=label)
    figures["cpu_ms_per_message"] = round(1000 * sum(figures["cpu_s"].values()) / max(1, figures["done"]), 1)
    return figures


async def idle_sockets(running: Running, label: str) -> Json:
    """Sockets over which nothing comes: memory each, and connections of the database."""
    count = 500
    before = memory(running, kind="uss")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        chats = []
        for start in range(0, count, 25):
            chats += await asyncio.gather(*(running.open_chat(http, n) for n in range(start, start + 25)))
        await asyncio.sleep(12)
        after = memory(running, kind="uss")
        used = connections(running.database_url) if running.database_url else None
        await asyncio.gather(*(chat.close() for chat in chats))
    grown = (after["web"] - before["web"]) * 1024 / count
    return {
        "label": label,
        "adapter": running.name,
        "c": count,
        "lost": 0,
        "dups": 0,
        "kb_per_socket": round(grown, 1),
        "connections": used,
    }


async def running_answers(running: Running, label: str) -> Json:
    """Answers that are open all at once: what each takes of memory in web and worker."""
    await stream(running, Load(c=50, n=20, interval=20, ramp=1), label=label)
    before = memory(running, kind="uss")
    seen: dict[str, dict[str, float]] = {}
    load = Load(c=300, n=60, interval=200, ramp=4)

    def watch(moment: str) -> None:
        seen[moment] = memory(running, kind="uss")

    figures = await stream(running, load, label=label, watch=watch)
    grown = sum(seen["open"][kind] - before[kind] for kind in ("web", "worker"))
    return {**figures, "kb_per_answer": round(grown * 1024 / load.c, 1)}


async def statements(running: Running, label: str) -> Json:
    """What the database is asked for an answer, and for each second in which answers are streamed.

    A short and a long run of as many answers tell the two apart.
    """
    counting = Statements(running.database_url)
    found: list[tuple[int, float]] = []
    try:
        for n in (50, 500):
            seen: dict[str, int] = {}

            def watch(moment: str, seen: dict[str, int] = seen) -> None:
                seen[moment] = counting.count()

            figures = await stream(running, Load(c=50, n=n, interval=20, ramp=1), label=label, watch=watch)
            found.append((seen["end"] - seen["begin"], figures["wall_s"]))
    finally:
        counting.stop()
    (few, short), (many, long) = found
    each_second = (many - few) / (long - short)
    each_answer = (few - each_second * short) / 50
    return {
        **figures,
        "statements": many,
        "statements_per_s": round(each_second, 1),
        "statements_per_answer": round(each_answer, 1),
    }


LONG = 90.0
SCENARIOS: Sequence[Scenario] = (
    # Memory first: what a process has once taken it keeps for what comes.
    Scenario(name="sockets", title="500 idle sockets", run=idle_sockets),
    Scenario(name="answers", title="300 running answers", run=running_answers),
    Scenario(
        name="one",
        title="1 stream × 50/s",
        chattable=Load(c=1, n=300, interval=20),
        naive=Load(c=1, n=300, interval=20),
        chainlit=Load(c=1, n=300, interval=20),
    ),
    Scenario(name="first", title="first token while idle", run=first_tokens),
    Scenario(name="message", title="a message, whatever its length", run=message_cost),
    Scenario(
        name="100x50",
        title="100 streams × 50/s",
        chattable=Load(c=100, n=250, interval=20, ramp=1),
        naive=Load(c=8, n=100, interval=20, ramp=1),
        chainlit=Load(c=100, n=250, interval=20, ramp=1),
    ),
    Scenario(
        name="300x50",
        title="300 streams × 50/s, all open at once",
        chattable=Load(c=300, n=300, interval=20, ramp=3),
        chainlit=Load(c=300, n=100, interval=20, ramp=1),
    ),
    Scenario(
        name="1000x10",
        title="1,000 streams × 10/s, all open at once",
        chattable=Load(c=1000, n=120, interval=100, ramp=8),
    ),
    Scenario(
        name="sustained",
        title="sustained tokens/s",
        chattable=Load(c=400, n=600, interval=20, ramp=2, deadline=LONG),
        naive=Load(c=8, n=200, interval=20, ramp=0.5, deadline=LONG),
        chainlit=Load(c=200, n=200, interval=20, ramp=1, deadline=LONG),
    ),
    Scenario(
        name="long20k",
        title="one answer of 20,000 tokens at full speed",
        chattable=Load(c=1, n=20_000, interval=0),
        naive=Load(c=1, n=2_000, interval=0),
        chainlit=Load(c=1, n=20_000, interval=0),
    ),
    Scenario(
        name="long40k",
        title="one answer of 40,000 tokens at full speed",
        chattable=Load(c=1, n=40_000, interval=0),
        naive=Load(c=1, n=4_000, interval=0),
    ),
    Scenario(name="statements", title="database, 50 answers of 500 tokens", run=statements, workers=1),
    Scenario(name="history", title="reads among a thousand and a million messages", run=histories),
    Scenario(
        name="scaleout",
        title="300 × 50/s by two workers and two web processes",
        chattable=Load(c=300, n=300, interval=20, ramp=3),
        web=2,
    ),
)
# These can be measured on Chattable alone.
OURS_ONLY = {"message", "sockets", "answers", "statements", "history"}

SHORT: Sequence[Scenario] = (
    Scenario(
        name="short-one",
        title="3 streams × 50/s",
        chattable=Load(c=3, n=100, interval=20),
        naive=Load(c=2, n=20, interval=20),
    ),
    Scenario(name="short-many", title="40 streams × 20/s", chattable=Load(c=40, n=100, interval=50, ramp=1)),
    Scenario(name="short-long", title="one answer of 5,000 tokens", chattable=Load(c=1, n=5_000, interval=0)),
)
