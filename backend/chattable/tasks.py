"""The Celery job: hands a run to this process's Runner and waits for it."""

import asyncio
import logging
import os
import uuid
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from celery import shared_task
from celery.signals import worker_ready, worker_shutting_down
from django.db import close_old_connections
from kombu.transport.virtual import base as virtual
from redis.exceptions import RedisError

from chattable import layers
from chattable.models import Run
from chattable.runner import TASK, Runner
from chattable.threads import Threads

logger = logging.getLogger(__name__)

# All database work of a worker goes through these threads, however many answers are running.
_database = Threads("chattable-database")
# Leases are renewed by a thread of their own: they must not wait behind hundreds of claims.
_heart = ThreadPoolExecutor(1, thread_name_prefix="chattable-database-heart")


@shared_task(name=TASK, ignore_result=True)
def run_chat(run_id: str) -> None:
    """Answer the run with this id if its turn has come."""
    _call(lambda runner: runner.run(uuid.UUID(run_id)))


def _call(use: Callable[[Runner], Awaitable[None]], *, timeout: float | None = None) -> None:
    """Let this process's Runner do something on its event loop, and wait for it."""

    async def call() -> None:
        await use(_runner())

    layers.call(call(), timeout=timeout)


@cache
def _runner() -> Runner:
    """The Runner of this process: on its event loop only, so that no two threads make one each."""
    return Runner(Run.objects, execute=in_database_thread, execute_now=in_heart_thread)


os.register_at_fork(after_in_child=_runner.cache_clear)


@worker_ready.connect
def start_worker(**_: Any) -> None:
    """Count among the listening workers, warm up and begin to look for lost answers."""
    try:
        layers.call(layers.join_workers(), timeout=10)
    except (RedisError, OSError, TimeoutError) as error:
        logger.warning("This worker is not counted as listening: %s", error)
    _call(Runner.start)
    layers.spare_loop()


@worker_shutting_down.connect
def stop_worker(**_: Any) -> None:
    """Hand the running answers over to other workers."""
    try:
        _call(Runner.hand_over, timeout=10)
    except TimeoutError:
        logger.warning("The running answers could not be handed over in 10 s; their leases will expire.")
    # Of what was handed over, this worker's last read may fetch something; it goes back to the queue, which is no news.
    virtual.logger.addFilter(lambda record: record.msg != virtual.W_NO_CONSUMERS)


def in_database_thread(function: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    """The function as a coroutine that runs in one of the few threads for the database, with a sound connection."""
    return _in(_database, function)


def in_heart_thread(function: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    """Like `in_database_thread`, without waiting behind anything but another heartbeat."""
    return _in(_heart, function)


def _in(threads: ThreadPoolExecutor, function: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    def call(*args: Any) -> Any:
        close_old_connections()
        try:
            return function(*args)
        finally:
            close_old_connections()

    return lambda *args: asyncio.get_running_loop().run_in_executor(threads, call, *args)
