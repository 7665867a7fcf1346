"""Threads beside an event loop: a few that compute, and more only while some of those wait."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

# A call that takes longer than this, in seconds, is taken to wait for something and not to compute.
LONG = 0.025


class Threads(ThreadPoolExecutor):
    """At most `busy` calls compute at once; a call that takes long lets another begin beside it, `most` in all.

    Python computes in one thread at a time, so that more of them do no more; they only keep the event loop waiting.
    """

    def __init__(self, name: str, *, busy: int = 1, most: int = 16) -> None:
        super().__init__(most, thread_name_prefix=name)
        self._busy = busy
        self._begun: list[float] = []
        self._changed = threading.Condition()

    def submit[**P, T](self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call the function when its turn has come."""
        return super().submit(self._call, fn, args, kwargs)

    def _call(self, fn: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        begun = self._wait_for_turn()
        try:
            return fn(*args, **kwargs)
        finally:
            with self._changed:
                self._begun.remove(begun)
                self._changed.notify()

    def _wait_for_turn(self) -> float:
        with self._changed:
            while (wait := self._seconds_to_turn()) > 0:
                self._changed.wait(wait)
            self._begun.append(now := time.monotonic())
            return now

    def _seconds_to_turn(self) -> float:
        if len(self._begun) < self._busy:
            return 0.0
        return self._begun[-self._busy] + LONG - time.monotonic()
