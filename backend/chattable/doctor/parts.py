"""The parts, as this process reaches them: database, Valkey, workers, provider."""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from importlib import metadata

from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from redis.exceptions import RedisError

from chattable import layers
from chattable.completions import Provider
from chattable.conf import settings
from chattable.doctor.findings import Finding, provider_finding
from chattable.exceptions import AnswerFailed

# The first redis-py that cuts channels-redis' idle connections.
CUTTING_REDIS = (6, 5)


def examine() -> Iterator[Finding]:
    """All that is wrong with the parts."""
    yield from _database()
    yield from _redis_client()
    yield from _valkey()
    yield from _provider()


def _database() -> Iterator[Finding]:
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except (DatabaseError, InterfaceError) as error:
        yield Finding("database_away", f"The database does not answer: {error}", "Start it, or correct DATABASES.")
        return
    if waiting:
        names = ", ".join(str(migration) for migration, _ in waiting[:5])
        yield Finding("migrations", f"{len(waiting)} migrations wait: {names}.", "Run `manage.py migrate`.")


def _redis_client() -> Iterator[Finding]:
    version = metadata.version("redis")
    if tuple(map(int, version.split(".")[:2])) >= CUTTING_REDIS:
        yield Finding(
            "redis_py",
            f"redis-py {version} cuts the idle connections that events come by.",
            "Install `redis>=6.4,<6.5` for web servers and workers.",
        )


def _valkey() -> Iterator[Finding]:
    try:
        workers = layers.worker_count()
    except (RedisError, OSError, TimeoutError) as error:
        yield Finding(
            "valkey_away",
            f"Valkey does not answer: {error}",
            "Start Valkey (or Redis), or correct REDIS_URL; web servers and workers need the same one.",
        )
        return
    if workers == 0:
        yield Finding(
            "no_worker",
            "No worker listens, so every answer stays queued.",
            "Start one with the web server's REDIS_URL: `celery -A mysite worker -P threads -c 200`.",
        )


def _provider() -> Iterator[Finding]:
    try:
        asyncio.run(_ask())
    except AnswerFailed as failure:
        yield provider_finding(failure.code, f"The provider did not answer: {failure}")


async def _ask() -> None:
    """Have the first word of an answer come from the provider; raises `AnswerFailed`."""
    provider = Provider()
    question = {"role": "user", "content": "Say OK."}
    try:
        stream = provider.stream(
            model=settings.MODEL, messages=[question], parameters={}, requests=settings.MAX_REQUESTS - 1
        )
        async with aclosing(stream) as chunks:
            async for chunk in chunks:
                if chunk.content or chunk.reasoning:
                    return
    finally:
        await provider.close()
