"""What goes wrong: each fault is a coroutine that strikes and repairs what it broke."""

import asyncio
import os
import random
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress

import psycopg
from celery import Celery
from redis.asyncio import Redis

from chaos.promise import SCALED, TIMES
from chaos.scene import Scene

LEASE = float(SCALED.chattable["LEASE_SECONDS"])
IDLE = float(SCALED.chattable["IDLE_SECONDS"])
LOCK_SECONDS = 10 / TIMES
FREEZE_SECONDS = 20 / TIMES

type Fault = Callable[[Scene], Awaitable[None]]


def _any(scene: Scene, kind: str) -> str:
    return scene.random.choice([kind, f"{kind}-2"])


async def kill_worker(scene: Scene) -> None:
    """kill -9 of a worker."""
    name = _any(scene, "worker")
    scene.stack.kill(name)
    await asyncio.sleep(0.5)
    await scene.stack.restart(name)


async def end_worker(scene: Scene) -> None:
    """SIGTERM of a worker, as a deploy does."""
    await scene.stack.restart(_any(scene, "worker"))


async def suspend_worker(scene: Scene) -> None:
    """SIGSTOP of a worker for longer than its lease, then SIGCONT."""
    name = _any(scene, "worker")
    scene.stack.kill(name, signal.SIGSTOP)
    await asyncio.sleep(LEASE * 1.5)
    scene.stack.kill(name, signal.SIGCONT)


async def restart_web(scene: Scene) -> None:
    """Restart of a web process."""
    await scene.stack.restart(_any(scene, "web"))


async def restart_valkey(scene: Scene) -> None:
    """Restart of Valkey, which has saved nothing."""
    await scene.stack.restart("valkey")


async def flush_valkey(scene: Scene) -> None:
    """FLUSHALL."""
    async with Redis.from_url(scene.stack.redis_url) as client:
        await client.flushall()


async def freeze_valkey(scene: Scene) -> None:
    """Valkey says nothing for 20 s (scaled)."""
    scene.stack.kill("valkey", signal.SIGSTOP)
    await asyncio.sleep(FREEZE_SECONDS)
    scene.stack.kill("valkey", signal.SIGCONT)


async def cut_lines(scene: Scene) -> None:
    """All sockets of the pages are reset."""
    for line in scene.web_lines:
        line.cut()


async def half_open(scene: Scene) -> None:
    """The lines of the pages let nothing through, and then are gone."""
    for line in scene.web_lines:
        line.freeze()
    await asyncio.sleep(3)
    for line in scene.web_lines:
        line.cut()
        line.thaw()


async def reset_provider(scene: Scene) -> None:
    """All connections to the provider are reset."""
    scene.provider_line.cut()


async def stall_provider(scene: Scene) -> None:
    """The provider says nothing for longer than is waited for."""
    scene.provider_line.freeze()
    await asyncio.sleep(IDLE * 1.2)
    scene.provider_line.thaw()


async def limit_provider(scene: Scene) -> None:
    """The provider answers 429 for two seconds, and ends what it was saying."""
    scene.provider_line.refuse(True)
    scene.provider_line.cut()
    await asyncio.sleep(2)
    scene.provider_line.refuse(False)


async def restart_database(scene: Scene) -> None:
    """PostgreSQL loses a process by kill -9, ends all connections and recovers from its log; SQLite has no server."""
    if scene.database.is_sqlite:
        return
    with scene.database.connect() as connection, suppress(psycopg.Error):
        [(pid,)] = connection.execute("SELECT pg_backend_pid()").fetchall()
        os.kill(pid, signal.SIGKILL)
        connection.execute("SELECT 1")
    await asyncio.sleep(1)


async def hold_lock(scene: Scene) -> None:
    """Somebody holds a lock that all writers need for 10 s (scaled)."""
    sqlite = scene.database.is_sqlite
    with suppress(psycopg.Error):
        connection = await asyncio.to_thread(scene.database.connect)
        try:
            await asyncio.to_thread(connection.execute, "BEGIN IMMEDIATE" if sqlite else "BEGIN")
            if not sqlite:
                await asyncio.to_thread(connection.execute, "LOCK TABLE chattable_run IN EXCLUSIVE MODE")
            await asyncio.sleep(LOCK_SECONDS)
            connection.execute("ROLLBACK")
        finally:
            connection.close()


async def redeliver(scene: Scene) -> None:
    """The broker delivers every open run twice more."""
    open_runs = await scene.database.rows("SELECT id FROM chattable_run WHERE finished_at IS NULL")

    def send() -> None:
        with Celery(broker=scene.stack.redis_url) as app:
            for (run,) in open_runs * 2:
                app.send_task("chattable.run_chat", args=[str(run)], queue="chattable")

    await asyncio.to_thread(send)


async def step_clock(scene: Scene) -> None:
    """The clock of one process jumps by an hour."""
    scene.stack.kill(_any(scene, scene.random.choice(("worker", "web"))), signal.SIGUSR2)


FAULTS: tuple[Fault, ...] = (
    kill_worker,
    end_worker,
    suspend_worker,
    restart_web,
    restart_valkey,
    flush_valkey,
    freeze_valkey,
    cut_lines,
    half_open,
    reset_provider,
    stall_provider,
    limit_provider,
    restart_database,
    hold_lock,
    redeliver,
    step_clock,
)


async def strike(scene: Scene, fault: Fault) -> None:
    """Let one fault happen, and note it in the history."""
    scene.history.note("fault", name=name_of(fault))
    await fault(scene)
    scene.history.note("fault", name=f"{name_of(fault)} is over")


async def rage(scene: Scene, *, until: Callable[[], bool], pause: float) -> int:
    """Let faults happen in a random order, one or a pair at once, until told; returns how many."""
    struck = 0
    bag: list[Fault] = []
    while not until():
        bag = bag or random_order(scene.random)
        pair = compatible([bag.pop() for _ in range(min(len(bag), 1 + (scene.random.random() < 0.3)))])
        await asyncio.gather(*(strike(scene, fault) for fault in pair))
        struck += len(pair)
        await asyncio.sleep(scene.random.uniform(0, pause))
    return struck


def random_order(chance: random.Random) -> list[Fault]:
    """All faults, shuffled."""
    return chance.sample(FAULTS, len(FAULTS))


def compatible(faults: list[Fault]) -> list[Fault]:
    """The faults that can happen together: one process is not restarted twice at once."""
    restarts = (kill_worker, end_worker, suspend_worker, restart_web, restart_valkey, freeze_valkey)
    return faults[:1] if sum(fault in restarts for fault in faults) > 1 else faults


def name_of(fault: Fault) -> str:
    """The fault's name as it is read."""
    return getattr(fault, "__name__", "fault").replace("_", " ")
