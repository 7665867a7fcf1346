"""Workers in miniature: Runners beside the test on the real database, and what they say to it."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from contextlib import contextmanager
from typing import Any

from django.db.backends.signals import connection_created

from backend.api import empty_queue
from chattable import layers
from chattable.models import Message, Run
from chattable.runner import Runner
from chattable.tasks import in_database_thread, in_heart_thread


class Worker:
    """A Runner as a worker process has one; several make as many workers."""

    def __init__(self) -> None:
        self.runner = Runner(Run.objects, execute=in_database_thread, execute_now=in_heart_thread)
        self._tasks: list[Future[None]] = []

    def take(self, *answers: Message) -> None:
        """Begin to answer, as a delivery of the queue does."""
        for run in Run.objects.filter(message__in=answers):
            self._begin(run.pk)

    def take_queued(self) -> None:
        """Begin to answer all that waits in the queue."""
        for run in empty_queue():
            self._begin(run)

    def answer(self, answer: Message) -> Message:
        """The answer once this worker has done with it."""
        self.take(answer)
        return self.settle(answer)

    def settle(self, answer: Message) -> Message:
        """The answer once this worker has nothing left to do."""
        done, running = wait_for(self._tasks, timeout=20)
        assert not running, "still answering"
        for task in done:
            task.result()
        return fresh(answer)

    def start(self) -> None:
        """Look for lost answers from now on."""
        layers.call(self.runner.start(), timeout=20)

    def hand_over(self) -> None:
        """End as a worker does on SIGTERM."""
        layers.call(self.runner.hand_over(), timeout=20)

    def close(self) -> None:
        """Answer nothing any more."""
        self.hand_over()
        wait_for(self._tasks, timeout=20)
        layers.call(self.runner.close(), timeout=20)

    def _begin(self, run: Any) -> None:
        self._tasks.append(asyncio.run_coroutine_threadsafe(self.runner.run(run), layers.background_loop()))


type Hire = Callable[[], Worker]


class Database:
    """What the workers' threads say to the database, and faults that it answers with."""

    def __init__(self) -> None:
        self.failures = 0
        self.statements: list[tuple[str, Any]] = []
        self._fault: tuple[Exception, tuple[str, ...]] | None = None

    @contextmanager
    def fault(self, error: Exception, *parts: str) -> Iterator[None]:
        """Statements that hold all these parts get this error."""
        self._fault = error, parts
        try:
            yield
        finally:
            self._fault = None

    def said(self, *parts: str) -> list[tuple[str, Any]]:
        """The statements that hold all these parts."""
        return [statement for statement in self.statements if all(part in statement[0] for part in parts)]

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if threading.current_thread().name.startswith("chattable-database"):
            if self._fault and all(part in sql for part in self._fault[1]):
                self.failures += 1
                raise self._fault[0]
            if not sql.startswith(("BEGIN", "SAVEPOINT", "RELEASE", "PRAGMA")):
                self.statements.append((sql, params))
        return execute(sql, params, many, context)


@contextmanager
def watched_database() -> Iterator[Database]:
    """The database as the workers see it, on connections of which each call opens its own."""
    database = Database()

    def watch(connection: Any, **_: Any) -> None:
        connection.execute_wrappers[:] = [database]

    connection_created.connect(watch)
    try:
        yield database
    finally:
        connection_created.disconnect(watch)


def fresh(message: Message) -> Message:
    """The message as it is in the database now."""
    return Message.objects.get(pk=message.pk)


def run_of(message: Message) -> Run:
    """The message's only run as it is now."""
    return Run.objects.get(message=message)


def until[T](condition: Callable[[], T], *, timeout: float = 10) -> T:
    """The condition's value once it is true; fails after so many seconds."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.01)
    return value
