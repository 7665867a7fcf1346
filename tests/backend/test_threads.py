"""Threads beside an event loop: how many compute at once, and what becomes of those that wait."""

import threading
from concurrent.futures import Future

import pytest

from backend.workers import until
from chattable import threads
from chattable.threads import Threads


class Work:
    """Calls that note when they begin and end, and wait to be let go."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.go = threading.Event()

    def call(self, name: str) -> str:
        self.notes.append(f"{name} begins")
        assert self.go.wait(20)
        self.notes.append(f"{name} ends")
        return name


@pytest.fixture
def work() -> Work:
    return Work()


def submit(pool: Threads, work: Work, *, calls: int) -> list[Future[str]]:
    futures = [pool.submit(work.call, str(number)) for number in range(calls)]
    until(lambda: len(pool._threads) == calls)
    return futures


def test_few_calls_compute_at_once(monkeypatch: pytest.MonkeyPatch, work: Work) -> None:
    monkeypatch.setattr(threads, "LONG", 60)
    with Threads("test", busy=1, most=8) as pool:
        calls = submit(pool, work, calls=8)
        work.go.set()

        assert [call.result(20) for call in calls] == [str(number) for number in range(8)]

    running = 0
    for note in work.notes:
        running += 1 if note.endswith("begins") else -1
        assert running in (0, 1), work.notes


def test_a_call_that_waits_for_long_holds_nobody_up(work: Work) -> None:
    with Threads("test", busy=1, most=2) as pool:
        [waiting] = submit(pool, work, calls=1)

        assert pool.submit(lambda: "done").result(20) == "done"
        assert not waiting.done()
        work.go.set()


def test_a_call_that_raises_makes_room_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "LONG", 60)
    with Threads("test", busy=1, most=2) as pool:
        broken = pool.submit(int, "x")

        assert isinstance(broken.exception(20), ValueError)
        assert pool.submit(int, "1").result(20) == 1
