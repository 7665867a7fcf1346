"""The Celery job: hands a run to this process's Runner and waits for it."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from celery import shared_task
from celery.signals import worker_ready, worker_shutting_down
from django.db import close_old_connections
from redis.exceptions import RedisError

from chattable import layers
from chattable.models import Run
from chattable.runner import TASK, Runner

logger = logging.getLogger(__name__)

# All database work of a worker goes through these threads, however many answers are running.
_database = ThreadPoolExecutor(4, thread_name_prefix="chattable-database")


@shared_task(name=TASK, ignore_result=True)
def run_chat(run_id: str) -> None:
    """Answer the run with this id if its turn has come."""
    layers.call(worker_runner().run(uuid.UUID(run_id)))


@cache
def worker_runner() -> Runner:
    """The Runner of this process."""
    return Runner(Run.objects, execute=_in_database_thread)


@worker_ready.connect
def start_worker(**_: Any) -> None:
    """Count among the listening workers, warm up and begin to look for lost answers."""
    try:
        layers.call(layers.join_workers(), timeout=10)
    except (RedisError, OSError, TimeoutError) as error:
        logger.warning("This worker is not counted as listening: %s", error)
    layers.call(worker_runner().start())


@worker_shutting_down.connect
def stop_worker(**_: Any) -> None:
    """Hand the running answers over to other workers."""
    try:
        layers.call(worker_runner().hand_over(), timeout=10)
    except TimeoutError:
        logger.warning("The running answers could not be handed over in 10 s; their leases will expire.")


def _in_database_thread(function: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    def call(*args: Any) -> Any:
        close_old_connections()
        try:
            return function(*args)
        finally:
            close_old_connections()

    return lambda *args: asyncio.get_running_loop().run_in_executor(_database, call, *args)
