"""Real workers: processes of Celery with their own connections, which are ended, killed and suspended."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from backend.api import empty_queue
from backend.factories import ChatFactory
from backend.private_valkey import Valkey
from backend.workers import fresh, run_of, until
from chattable import layers, runner
from chattable.models import Chat, Message, Status
from config.stack import BACKEND, ROOT, worker_command
from fake_openai import END, FakeOpenAI, Step, text

# Starting the processes is what takes the time, under load above all.
PATIENCE = 60


class WorkerProcess:
    """A worker as production runs it."""

    def __init__(self, *, name: str, log: Path, concurrency: int, **settings: Any) -> None:
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *worker_command(concurrency=concurrency, name=name)],
                cwd=BACKEND,
                env={
                    **os.environ,
                    "CHATTABLE_OF_TEST": json.dumps(settings),
                    "DATABASE_URL": database_url(),
                    "DJANGO_SETTINGS_MODULE": "backend.worker_settings",
                    "PYTHONPATH": str(ROOT / "tests"),
                    "PYTHONUNBUFFERED": "1",
                    "PYTHONWARNINGS": "ignore:You're running the worker with superuser",
                },
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def terminate(self) -> float:
        """End it as a deployment does; gives the seconds that this took."""
        started = time.monotonic()
        self.send(signal.SIGTERM)
        assert self.process.wait(PATIENCE) == 0, self.log.read_text()
        return time.monotonic() - started

    def kill(self) -> None:
        """End it as the kernel does when memory runs out."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def complaints(self) -> list[str]:
        """The lines of its log that an operator would have to look at."""
        signs = ("Traceback", "WARNING", "ERROR", "CRITICAL", "Warning:")
        return [line for line in self.log.read_text().splitlines() if any(sign in line for sign in signs)]


def database_url() -> str:
    """Where the test's database is."""
    settings: dict[str, Any] = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{settings['NAME']}"
    user = ":".join(part for part in (settings["USER"], settings["PASSWORD"]) if part)
    return f"postgres://{user}@{settings['HOST']}:{settings['PORT']}/{settings['NAME']}"


type Hire = Callable[..., WorkerProcess]


@pytest.fixture
def hire(transactional_db: None, provider: FakeOpenAI, tmp_path: Path) -> Iterator[Hire]:
    """Starts workers that listen when they are given, and kills what is left of them at the end."""
    provider.reset()
    empty_queue()
    workers: list[WorkerProcess] = []

    def hire(concurrency: int = 50, **settings: Any) -> WorkerProcess:
        before = layers.worker_count() or 0
        name = f"worker-{len(workers)}"
        worker = WorkerProcess(name=name, log=tmp_path / f"{name}.log", concurrency=concurrency, **settings)
        workers.append(worker)

        def listens() -> bool:
            assert worker.process.poll() is None, worker.log.read_text()
            return (layers.worker_count() or 0) > before

        until(listens, timeout=PATIENCE)
        return worker

    yield hire
    for worker in workers:
        worker.kill()


@pytest.fixture
def chat(transactional_db: None) -> Chat:
    return ChatFactory.create()


def numbers(count: int) -> str:
    """What the model `count-n…` says."""
    return "".join(f"{number} " for number in range(1, count + 1))


def ended(answer: Message) -> Message:
    """The answer once it is final."""
    until(lambda: not fresh(answer).is_running, timeout=PATIENCE)
    return fresh(answer)


def begun(answer: Message) -> str:
    """What is stored of the answer when it has begun to grow."""
    until(lambda: len(fresh(answer).content.split()) > 5, timeout=PATIENCE)
    content: str = fresh(answer).content
    return content


def test_a_worker_answers_what_is_queued_and_leaves_quietly(hire: Hire, chat: Chat, provider: FakeOpenAI) -> None:
    early = chat.send("Hi", model="count-n20-r100").answer
    worker = hire()
    assert ended(early).content == numbers(20)

    answers = [ChatFactory.create().send("Hi", model="count-n20-r40").answer for _ in range(20)]

    assert {ended(answer).content for answer in answers} == {numbers(20)}
    assert {run_of(answer).attempts for answer in answers} == {1}
    assert worker.terminate() < 5
    assert worker.complaints() == []


def test_a_failed_answer_is_one_line_for_the_operator(hire: Hire, chat: Chat) -> None:
    worker = hire()

    assert ended(chat.send("Hi", model="no-such-model").answer).error == "model_not_found"

    worker.terminate()
    [line] = worker.complaints()
    assert "no-such-model" in line


def test_on_sigterm_another_worker_finishes_what_was_running(hire: Hire, chat: Chat, provider: FakeOpenAI) -> None:
    old = hire()
    # Long enough to be running still when the second worker has started.
    answers = [ChatFactory.create().send("Hi", model="count-n400-r40").answer for _ in range(20)]
    for answer in answers:
        begun(answer)
    new = hire()

    took = old.terminate()

    # The second worker gets them from the first one's hands, not from a sweep.
    until(lambda: len(provider.requests) == 40, timeout=15)
    assert {ended(answer).content for answer in answers} == {numbers(400)}
    assert {(fresh(answer).status, fresh(answer).rev) for answer in answers} == {(Status.COMPLETE, 2)}
    assert len(provider.requests) == 40, "one more for each"
    assert {record.closed_by for record in provider.requests[:20]} == {"client"}
    assert took < 5
    new.terminate()
    assert old.complaints() == new.complaints() == []


def test_without_another_worker_an_answer_waits_for_the_next_one(hire: Hire, chat: Chat, provider: FakeOpenAI) -> None:
    old = hire()
    answer = chat.send("Hi", model="count-n200-r40").answer
    stored = begun(answer)
    old.terminate()
    assert fresh(answer).content.startswith(stored)
    assert run_of(answer).worker is None

    hire()

    assert ended(answer).content == numbers(200)
    assert len(provider.requests) == 2


def test_a_killed_worker_is_replaced_and_little_is_lost(hire: Hire, chat: Chat, provider: FakeOpenAI) -> None:
    old = hire()
    answer = chat.send("Hi", model="count-n600-r40").answer
    begun(answer)
    hire()

    old.kill()

    sent = time.time() - provider.requests[0].started
    stored = len(fresh(answer).content.split())
    assert stored >= 40 * (sent - 1.5), "what is stored lags by a second of output at most"
    assert ended(answer).content == numbers(600)
    assert (fresh(answer).rev, run_of(answer).attempts, len(provider.requests)) == (2, 2, 2)


def test_an_answer_that_kills_every_worker_is_given_up(hire: Hire, chat: Chat, provider: FakeOpenAI) -> None:
    provider.script("m", [text("Deadly"), {"hang": True}])
    answer = chat.send("Hi", model="m").answer
    for attempt in range(1, 4):
        worker = hire()
        until(lambda attempt=attempt: len(provider.requests) == attempt, timeout=PATIENCE)  # type: ignore[misc]
        until(lambda: fresh(answer).content == "Deadly")
        worker.kill()

    hire()

    answer = ended(answer)
    assert (answer.status, answer.error, answer.content) == (Status.FAILED, "worker_lost", "Deadly")
    assert len(provider.requests) == 3


def test_a_task_delivered_three_times_is_one_request(hire: Hire, chat: Chat, provider: FakeOpenAI) -> None:
    one, other = hire(), hire()
    answer = chat.send("Hi", model="count-n100-r40").answer
    run = run_of(answer).pk
    runner.enqueue([run, run, run])
    begun(answer)
    runner.enqueue([run, run, run])

    assert ended(answer).content == numbers(100)
    runner.enqueue([run, run, run])
    last = ChatFactory.create().send("Hi", model="count-n5-r0").answer

    assert ended(last).content == numbers(5)
    assert [record.model for record in provider.requests] == ["count-n100-r40", "count-n5-r0"]
    for worker in (one, other):
        worker.terminate()
        assert worker.complaints() == []


def test_a_suspended_worker_that_wakes_up_writes_nothing_and_goes_on(
    hire: Hire, chat: Chat, provider: FakeOpenAI
) -> None:
    suspended = hire()
    answer = chat.send("Hi", model="count-n200-r40").answer
    begun(answer)
    other = hire()

    suspended.send(signal.SIGSTOP)
    until(lambda: len(provider.requests) == 2, timeout=PATIENCE)
    until(lambda: fresh(answer).rev == 2, timeout=PATIENCE)
    suspended.send(signal.SIGCONT)

    provider.wait_for(lambda: provider.requests[0].closed_by)
    assert ended(answer).content == numbers(200)
    assert (fresh(answer).rev, run_of(answer).attempts, len(provider.requests)) == (2, 2, 2)
    other.kill()
    assert ended(ChatFactory.create().send("Hi", model="count-n5-r0").answer).content == numbers(5)


def test_an_answer_outlives_the_restart_of_its_queue(
    hire: Hire, chat: Chat, provider: FakeOpenAI, running_valkey: Valkey
) -> None:
    hire()
    answer = chat.send("Hi", model="count-n100-r40").answer
    waiting = chat.send("Go on", model="count-n5-r0").answer
    begun(answer)

    running_valkey.stop()
    until(lambda: len(fresh(answer).content.split()) > 60)
    running_valkey.restart()

    assert ended(answer).content == numbers(100)
    assert run_of(answer).attempts == 1
    assert ended(waiting).content == numbers(5)
    assert ended(ChatFactory.create().send("Hi", model="count-n5-r0").answer).content == numbers(5)


def test_answers_that_wait_for_a_busy_provider_take_no_place_in_the_worker(
    hire: Hire, chat: Chat, provider: FakeOpenAI
) -> None:
    provider.script("m", [b"{}"], status=429, headers={"retry-after": "15"}, times=20)
    provider.script("m", [text("Hi"), END])
    waiting = [ChatFactory.create().send("Hi", model="m").answer for _ in range(20)]
    worker = hire(concurrency=2)
    until(lambda: all(fresh(answer).retry_at for answer in waiting), timeout=PATIENCE)

    assert ended(chat.send("Hi", model="count-n5-r0").answer).content == numbers(5)

    assert provider.requests[20].model == "count-n5-r0", "it was asked for while the others waited"
    assert {ended(answer).content for answer in waiting} == {"Hi"}
    assert {(run_of(answer).attempts, run_of(answer).requests) for answer in waiting} == {(1, 2)}
    assert len(provider.requests) == 41
    worker.terminate()
    assert worker.complaints() == []


def test_a_wait_for_a_busy_provider_outlives_its_worker(hire: Hire, chat: Chat, provider: FakeOpenAI) -> None:
    provider.script("m", [b"{}"], status=429, headers={"retry-after": "5"}, times=1)
    provider.script("m", [text("Hi"), END])
    answer = chat.send("Hi", model="m").answer
    worker = hire()
    until(lambda: fresh(answer).retry_at, timeout=PATIENCE)

    worker.kill()
    hire()

    assert ended(answer).content == "Hi"
    assert (run_of(answer).attempts, run_of(answer).requests, len(provider.requests)) == (1, 2, 2)


def test_many_silent_streams_end_in_time_and_leave_other_chats_working(
    hire: Hire, chat: Chat, provider: FakeOpenAI
) -> None:
    pings: list[Step] = [step for _ in range(200) for step in (b": ping\n\n", {"delay": 0.3})]
    provider.script("m", [text("Well, "), *pings])
    worker = hire(concurrency=10, FIRST_TOKEN_SECONDS=1.5, IDLE_SECONDS=1.5)
    running = chat.send("Hi", model="count-n600-r30").answer
    begun(running)

    silent = [ChatFactory.create().send("Hi", model="m").answer for _ in range(50)]
    until(lambda: len(provider.requests) == 10, timeout=PATIENCE)
    silent[-1].stop()
    other = ChatFactory.create().send("Hi", model="count-n5-r0").answer

    assert silent[-1].status == Status.STOPPED
    assert ended(other).content == numbers(5)
    assert {(ended(answer).error, fresh(answer).content) for answer in silent[:-1]} == {("provider_timeout", "Well, ")}
    provider.wait_for(lambda: all(record.closed_by for record in provider.requests if record.model == "m"))
    assert {record.closed_by for record in provider.requests if record.model == "m"} == {"client"}
    assert ended(running).content == numbers(600)
    assert {run_of(answer).attempts for answer in (running, other, *silent[:-1])} == {1}
    worker.terminate()


def test_a_worker_whose_provider_is_away_starts_all_the_same(
    hire: Hire, chat: Chat, provider: FakeOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.script("m", [text("Hi"), END])
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    worker = hire()

    assert ended(chat.send("Hi", model="m").answer).error == "provider_unavailable"
    assert len(worker.complaints()) == 1
