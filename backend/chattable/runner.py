"""The run engine: one event loop that claims and streams every running answer of a worker process."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from celery import current_app
from django.db import Error, InterfaceError, OperationalError
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from chattable.completions import Chunk, Provider, RetryLater
from chattable.conf import settings
from chattable.exceptions import AnswerFailed, QueueUnavailable
from chattable.thoughts import NOTHING, Parts, Thoughts

if TYPE_CHECKING:
    from chattable.models import Message

logger = logging.getLogger(__name__)

TASK = "chattable.run_chat"

# Texts longer than this, in characters, are saved less often than at every heartbeat.
LONG_TEXT = 2**16

# A provider that wants to be left alone for longer, in seconds, has given no time to come back at.
LONGEST_WAIT = 30 * 24 * 3600.0

type Execute = Callable[[Callable[..., Any]], Callable[..., Awaitable[Any]]]


@dataclass(slots=True)
class Outcome:
    """How a run ended, and what is known about its course."""

    status: str = "complete"
    finish_reason: str = ""
    tool_calls: bool = False
    error: str = ""
    detail: str = ""
    usage: Mapping[str, Any] = field(default_factory=dict)
    request_id: str = ""
    requests: int = 0
    first_token_at: datetime | None = None
    retry_at: datetime | None = None

    def note(self, chunk: Chunk) -> None:
        """Take over what the chunk tells about the course."""
        self.request_id = chunk.request_id or self.request_id
        self.requests = chunk.requests or self.requests
        self.tool_calls = self.tool_calls or chunk.tool_calls
        self.finish_reason = chunk.finish_reason or self.finish_reason
        if self.tool_calls and self.finish_reason in ("stop", "function_call"):
            self.finish_reason = "tool_calls"
        self.usage = chunk.usage or self.usage

    def fail(self, error: BaseException) -> None:
        """The answer ended by this error."""
        self.status, self.detail = "failed", str(error)
        self.error = "internal"
        if isinstance(error, AnswerFailed):
            self.error = error.code
            if 0 < error.retry_after < LONGEST_WAIT:
                self.retry_at = timezone.now() + timedelta(seconds=error.retry_after)
        level = logging.WARNING if isinstance(error, AnswerFailed) else logging.ERROR
        logger.log(level, "An answer failed: %s", self.detail, exc_info=error if level == logging.ERROR else None)

    def ledger(self) -> dict[str, Any]:
        """The columns of the run."""
        return {
            "prompt_tokens": _count(self.usage, "prompt_tokens"),
            "completion_tokens": _count(self.usage, "completion_tokens"),
            "cached_tokens": _count(self.usage.get("prompt_tokens_details"), "cached_tokens"),
            "reasoning_tokens": _count(self.usage.get("completion_tokens_details"), "reasoning_tokens"),
            "request_id": self.request_id,
            "requests": self.requests,
            "first_token_at": self.first_token_at,
            "error": self.detail,
        }


class Text(NamedTuple):
    """The texts of a message at one moment."""

    message_id: uuid.UUID
    content: str
    reasoning: str
    rev: int


@dataclass(eq=False)
class Job:
    """A claimed run while it is being answered."""

    run_id: uuid.UUID
    worker: uuid.UUID
    message: "Message"
    rev: int
    prompt: list[dict[str, str]]
    parameters: Mapping[str, Any]
    outcome: Outcome = field(default_factory=Outcome)
    thoughts: Thoughts = field(default_factory=Thoughts)
    task: asyncio.Task[None] | None = None
    wait: float | None = None
    _stopping: bool = False
    _began_at: float | None = None
    _saved: Text = field(init=False)
    _due_at: float = 0.0

    def __post_init__(self) -> None:
        self._saved = self.text()

    def receive(self, chunk: Chunk) -> None:
        """Let the message grow by the chunk and note what it tells."""
        self.outcome.note(chunk)
        if not (chunk.content or chunk.reasoning):
            return
        if self.outcome.first_token_at is None:
            self.outcome.first_token_at = timezone.now()
        before = self.message.reasoning
        if self.thoughts.is_open:
            self._grow(self.thoughts.split(chunk.content, chunk.reasoning, before=self._said))
        else:
            self.message.append(content=chunk.content, reasoning=chunk.reasoning)
        self._clock(has_thought=self.message.reasoning != before)

    def _clock(self, *, has_thought: bool) -> None:
        """Note how long the model has thought: from its first word to its last thought, after what it continues."""
        now = _now()
        self._began_at = now if self._began_at is None else self._began_at
        if has_thought:
            earlier = self.message.continues.reasoning_ms if self.message.continues else None
            self.message.reasoning_ms = (earlier or 0) + round((now - self._began_at) * 1000)

    def _said(self) -> str:
        """What this attempt has answered so far."""
        return self.message.own_content if self.message.rev >= self.rev else ""

    def _grow(self, parts: Parts) -> None:
        """Let the message grow by the parts; its first text in this attempt takes the place of an older one."""
        if parts == NOTHING:
            return
        if self.message.rev < self.rev:
            self.message.restart(rev=self.rev)
        if parts.rewinds:
            self.message.restart(rev=self.rev + 1)
        self.message.append(content=parts.content, reasoning=parts.reasoning)

    def cancel(self, *, stopping: bool) -> bool:
        """End the streaming where it is, as stopped by the user or without a word; false where it is over already."""
        self._stopping = self._stopping or stopping
        if self.task is None or self.task.cancelling():
            return False
        return self.task.cancel()

    def settle(self) -> bool:
        """Read the end of the streaming into the outcome; false where this worker has no say in it any more."""
        if self.task is None or (self.task.cancelled() and not self._stopping):
            return False
        if self.task.cancelled():
            self.outcome.status = "stopped"
        elif isinstance(error := self.task.exception(), RetryLater):
            # What cannot be put off has been stopped meanwhile.
            self.outcome.status, self.wait = "stopped", error.seconds
        elif error:
            self.outcome.fail(error)
        self._grow(self.thoughts.end())
        return True

    def text(self) -> Text:
        """The texts as they are now."""
        return Text(self.message.pk, self.message.content, self.message.reasoning, self.message.rev)

    def has_grown(self) -> bool:
        """Whether there is something new to save."""
        return self.text() != self._saved

    def is_due(self) -> bool:
        """Whether it is time to save; long texts are saved less often."""
        return _now() >= self._due_at

    def note_saved(self, text: Text) -> None:
        """Remember what is safe in the database."""
        self._saved = text
        stretch = (len(text.content) + len(text.reasoning)) / LONG_TEXT
        self._due_at = _now() + settings.HEARTBEAT_SECONDS * stretch if stretch > 1 else 0.0


class Journal(Protocol):
    """The database's side of the engine; every call is synchronous."""

    def claim(self, run_id: uuid.UUID, worker: uuid.UUID) -> Job | None: ...
    def count_request(self, job: Job, requests: int) -> bool: ...
    def postpone(self, job: Job, seconds: float) -> bool: ...
    def renew(self, worker: uuid.UUID, runs: Sequence[uuid.UUID]) -> dict[uuid.UUID, bool]: ...
    def checkpoint(self, worker: uuid.UUID, texts: Sequence[Text]) -> None: ...
    def finish(self, job: Job) -> list[uuid.UUID] | None: ...
    def release(self, worker: uuid.UUID, runs: Sequence[uuid.UUID]) -> list[uuid.UUID]: ...
    def sweep(self) -> list[uuid.UUID]: ...


class Runner:
    """Answers runs on one event loop; `execute(function)` makes the journal's calls awaitable.

    Where those may have to queue up, `execute_now` is for the heartbeat, which must not.
    """

    def __init__(self, journal: Journal, *, execute: Execute, execute_now: Execute | None = None) -> None:
        self.worker = uuid.uuid4()
        self._journal = journal
        self._execute = execute
        self._execute_now = execute_now or execute
        self._provider = Provider()
        # What is being claimed or answered here. A run that is delivered again meanwhile is left alone: claimed by the
        # same worker once more, it would have two jobs under one lease.
        self._taken: set[uuid.UUID] = set()
        self._jobs: dict[uuid.UUID, Job] = {}
        self._heart: asyncio.Task[None] | None = None
        self._next_sweep = float("inf")
        self._closing = asyncio.Event()

    async def run(self, run_id: uuid.UUID) -> None:
        """Answer the run to its end if its turn has come."""
        if self._closing.is_set():
            await self._enqueue([run_id])
        elif run_id not in self._taken:
            self._taken.add(run_id)
            try:
                job = await self._take(run_id)
            finally:
                self._taken.discard(run_id)
            if job:
                await job.message.hooks.drained()

    async def start(self) -> None:
        """Look for lost answers from now on, also while idle, and pay the SDK's first-use costs."""
        self._next_sweep = _now() + settings.SWEEP_SECONDS
        self._start_heart()
        with suppress(AnswerFailed):
            await self._provider.models()

    async def hand_over(self) -> None:
        """Save all texts, give the leases back and queue the runs for other workers; answers nothing afterwards."""
        self._closing.set()
        jobs = list(self._jobs.values())
        await self._save(jobs)
        await self._release([job.run_id for job in jobs if job.cancel(stopping=False)])

    async def close(self) -> None:
        """Stop the heartbeat and close the provider's connections."""
        if self._heart:
            self._heart.cancel()
            await asyncio.wait([self._heart])
        await self._provider.close()

    async def _take(self, run_id: uuid.UUID) -> Job | None:
        """Claim the run and answer it."""
        job = await self._claim(run_id)
        if job is None:
            return None
        if self._closing.is_set():
            await self._release([run_id])
            return None
        self._jobs[run_id] = job
        self._start_heart()
        try:
            await self._answer(job)
        finally:
            del self._jobs[run_id]
        return job

    async def _claim(self, run_id: uuid.UUID) -> Job | None:
        try:
            job: Job | None = await self._execute(self._journal.claim)(run_id, self.worker)
        except (OperationalError, InterfaceError) as error:
            logger.warning("Run %s could not be claimed and will be queued again: %s", run_id, error)
            return None
        return job

    async def _answer(self, job: Job) -> None:
        job.task = asyncio.create_task(self._stream(job))
        await asyncio.wait([job.task])
        await self._finish(job)

    async def _stream(self, job: Job) -> None:
        sent = job.outcome.requests
        chunks = self._provider.stream(
            model=job.message.model, messages=job.prompt, parameters=job.parameters, requests=sent
        )
        async with aclosing(chunks):
            async for chunk in chunks:
                # The claim has counted the first one.
                if chunk.requests > sent + 1 and not await self._may_ask(job, chunk.requests):
                    return
                job.receive(chunk)

    async def _may_ask(self, job: Job, requests: int) -> bool:
        """Have another request counted before it is sent; false where the lease was lost."""
        try:
            return bool(await self._execute(self._journal.count_request)(job, requests))
        except (OperationalError, InterfaceError) as error:
            logger.warning("A request for message %s could not be counted: %s", job.message.pk, error)
            return True

    async def _finish(self, job: Job) -> None:
        """Save the end of an answer and wake the turn that waited for it, or have the answer wait for the provider.

        A lost lease leaves both to its holder.
        """
        if not job.settle():
            return
        while True:
            try:
                if job.wait is not None and await self._execute(self._journal.postpone)(job, job.wait):
                    self._sweep_in(job.wait)
                    return
                waiting = await self._execute(self._journal.finish)(job)
            except (OperationalError, InterfaceError) as error:
                logger.warning("The end of message %s could not be saved yet: %s", job.message.pk, error)
                await asyncio.sleep(settings.HEARTBEAT_SECONDS)
            else:
                await self._enqueue(waiting or [])
                return

    def _start_heart(self) -> None:
        if self._heart is None or self._heart.done():
            self._heart = asyncio.create_task(self._beat_on())

    async def _beat_on(self) -> None:
        while True:
            await asyncio.sleep(settings.HEARTBEAT_SECONDS)
            if self._closing.is_set() and not self._jobs:
                # A process that ends has no threads left for a beat.
                return
            try:
                await self._beat()
            except Exception as error:
                # Without a heart all leases would run out, so that it has to outlive any fault.
                unknown = not isinstance(error, Error)
                logger.warning("A heartbeat failed and is tried again: %s", error, exc_info=unknown)

    async def _beat(self) -> None:
        """Renew the leases, read stop requests, save what has grown, and now and then look for lost answers."""
        if jobs := list(self._jobs.values()):
            held = await self._execute_now(self._journal.renew)(self.worker, [job.run_id for job in jobs])
            for job in jobs:
                if held.get(job.run_id, True):
                    job.cancel(stopping=job.run_id in held)
            await self._save([job for job in jobs if job.run_id in held and job.is_due()])
        if _now() >= self._next_sweep:
            self._next_sweep = _now() + settings.SWEEP_SECONDS
            await self._enqueue(await self._execute_now(self._journal.sweep)(), execute=self._execute_now)

    def _sweep_in(self, seconds: float) -> None:
        """Have the sweep queue again what is due then; a Runner that does not sweep leaves it to others."""
        if self._next_sweep < float("inf"):
            # Our clock and the database's do not agree to the last digit.
            asyncio.get_running_loop().call_later(seconds + 0.05, self._sweep_next)

    def _sweep_next(self) -> None:
        self._next_sweep = 0.0

    async def _save(self, jobs: Iterable[Job]) -> None:
        if grown := [job for job in jobs if job.has_grown()]:
            texts = [job.text() for job in grown]
            await self._execute_now(self._journal.checkpoint)(self.worker, texts)
            for job, text in zip(grown, texts, strict=True):
                job.note_saved(text)

    async def _release(self, runs: Sequence[uuid.UUID]) -> None:
        if runs:
            await self._enqueue(await self._execute(self._journal.release)(self.worker, runs))

    async def _enqueue(self, runs: Sequence[uuid.UUID], *, execute: Execute | None = None) -> None:
        if runs:
            try:
                await (execute or self._execute)(enqueue)(runs)
            except QueueUnavailable as error:
                logger.warning("%s runs could not be queued and are tried again: %s", len(runs), error)


def enqueue(runs: Iterable[uuid.UUID]) -> None:
    """Hand the runs to whichever worker is free; raises `QueueUnavailable`."""
    for run_id in runs:
        try:
            current_app.signature(TASK, args=[str(run_id)]).apply_async(
                retry=True, retry_policy={"max_retries": 1, "interval_start": 0, "interval_step": 0}
            )
        except (BrokerError, RedisError, OSError) as error:
            raise QueueUnavailable(str(error)) from error


def _count(usage: Any, name: str) -> int | None:
    """A number of tokens as the database takes it, where the provider gave one."""
    value = usage.get(name) if isinstance(usage, Mapping) else None
    return value if type(value) is int and 0 <= value < 2**31 else None


def _now() -> float:
    return asyncio.get_running_loop().time()
