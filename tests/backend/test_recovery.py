"""What becomes of an answer when its worker, the queue, the database or the transaction fails."""

import threading
import time
import uuid
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from django.db import DataError, OperationalError, connection, transaction
from django.db.models.functions import Now

from backend.api import at_once, empty_queue, queued
from backend.factories import ChatFactory
from backend.private_valkey import Valkey
from backend.workers import Database, Hire, Worker, fresh, run_of, until
from chattable.conf import settings as chattable
from chattable.models import Chat, Message, Role, Run, Status
from chattable.runner import Runner, Text
from chattable.tasks import in_database_thread, in_heart_thread
from fake_openai import END, FakeOpenAI, text

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("impatient")]


@pytest.fixture
def lost(chat: Chat, provider: FakeOpenAI) -> Message:
    """An answer of which a worker has saved "Old text" before it died."""
    answer = chat.send("Hi").answer
    empty_queue()
    die(answer, content="Old text")
    return fresh(answer)


def die(answer: Message, *, content: str = "") -> uuid.UUID:
    """A worker claims the answer, saves the text, and lets its lease run out."""
    worker = uuid.uuid4()
    job = Run.objects.claim(run_of(answer).pk, worker)
    assert job
    if content:
        Run.objects.checkpoint(worker, [Text(answer.pk, content, "", job.rev)])
    expire(answer)
    return worker


def expire(answer: Message) -> None:
    """Let the lease of the answer end."""
    Run.objects.filter(message=answer).update(lease_expires_at=Now() - timedelta(seconds=1))


# Takeover.


def test_a_worker_never_takes_over_from_itself(chat: Chat, worker: Worker, provider: FakeOpenAI) -> None:
    provider.script("m", [text("Hi"), END])
    answer = chat.send("Hello?").answer
    run, claims = run_of(answer).pk, 0

    def stalling(function: Any) -> Any:
        async def call(*args: Any) -> Any:
            nonlocal claims
            found = await in_database_thread(function)(*args)
            if function == Run.objects.claim and not claims:
                # Before the worker learns that it has the run, the lease ends, and the run is delivered again.
                claims += 1
                await in_database_thread(expire)(answer)
                await worker.runner.run(run)
            return found

        return call

    worker.runner = Runner(Run.objects, execute=stalling, execute_now=in_heart_thread)
    answer = worker.answer(answer)

    assert (answer.status, answer.content, answer.rev) == (Status.COMPLETE, "Hi", 0)
    assert (run_of(answer).attempts, len(provider.requests)) == (1, 1)


def test_a_lost_answer_is_queued_again_and_answered_anew(lost: Message, hire: Hire, provider: FakeOpenAI) -> None:
    provider.script("m", [text("New"), END])

    assert Run.objects.sweep() == [run_of(lost).pk]
    answer = hire().answer(lost)

    assert (answer.status, answer.content, answer.rev) == (Status.COMPLETE, "New", 2)
    assert answer.version > lost.version
    assert run_of(lost).attempts == 2


def test_a_lost_answer_may_be_taken_over_without_the_sweep(lost: Message, hire: Hire, provider: FakeOpenAI) -> None:
    provider.script("m", [text("New"), END])

    assert hire().answer(lost).content == "New"


def test_the_old_text_stays_until_the_new_one_begins(lost: Message, hire: Hire, provider: FakeOpenAI) -> None:
    provider.script("m", [{"delay": 0.5}, text("New"), {"hang": True}])
    worker = hire()
    worker.take(lost)

    seen = set()

    def look() -> bool:
        answer = fresh(lost)
        seen.add((answer.rev, answer.content))
        return answer.rev == 2

    until(look)
    assert seen == {(0, "Old text"), (2, "New")}


@pytest.mark.parametrize("status", [401, 404])
def test_a_takeover_that_fails_before_any_token_keeps_the_old_text(
    lost: Message, hire: Hire, provider: FakeOpenAI, status: int
) -> None:
    provider.script("m", [b"{}"], status=status)

    answer = hire().answer(lost)

    assert (answer.status, answer.content, answer.rev) == (Status.FAILED, "Old text", 2)


def test_a_takeover_that_is_stopped_before_any_token_keeps_the_old_text(
    lost: Message, hire: Hire, provider: FakeOpenAI
) -> None:
    provider.script("m", [{"hang": True}])
    worker = hire()
    worker.take(lost)
    until(lambda: provider.requests)

    lost.stop()

    answer = worker.settle(lost)
    assert (answer.status, answer.content, answer.rev) == (Status.STOPPED, "Old text", 2)


def test_attempts_are_counted_and_bounded(chat: Chat, provider: FakeOpenAI) -> None:
    answer = chat.send("Hi").answer
    for attempt in range(1, chattable.MAX_ATTEMPTS + 1):
        die(answer, content=f"Attempt {attempt}")
        assert run_of(answer).attempts == attempt
        assert fresh(answer).is_running
        requeued = Run.objects.sweep()
        assert len(requeued) == (attempt < chattable.MAX_ATTEMPTS)

    answer = fresh(answer)
    assert (answer.status, answer.error, answer.content) == (Status.FAILED, "worker_lost", "Attempt 3")
    assert answer.rev == 5, "no reader has seen a higher one"
    assert run_of(answer).finished_at
    assert Run.objects.claim(run_of(answer).pk, uuid.uuid4()) is None
    assert Run.objects.sweep() == []


def test_a_turn_that_waits_for_a_lost_answer_is_queued_when_that_is_given_up(chat: Chat) -> None:
    answer = chat.send("Hi").answer
    waiting = chat.send("Go on").answer
    for _ in range(chattable.MAX_ATTEMPTS):
        die(answer)
    empty_queue()

    Run.objects.sweep()

    assert queued() == [run_of(waiting).pk]


def test_a_stop_that_its_worker_did_not_live_to_see_is_done_by_the_sweep(lost: Message) -> None:
    Run.objects.filter(message=lost).update(stop_requested_at=Now())

    assert Run.objects.sweep() == []

    assert (fresh(lost).status, fresh(lost).content) == (Status.STOPPED, "Old text")


def test_the_stop_of_a_lost_answer_is_done_at_once(lost: Message, provider: FakeOpenAI) -> None:
    lost.stop()

    assert (lost.status, lost.content, lost.rev) == (Status.STOPPED, "Old text", 1)


# A worker that was presumed dead.


def test_a_worker_without_the_lease_writes_nothing(lost: Message) -> None:
    dead = run_of(lost).worker
    assert dead
    job = Run.objects.claim(run_of(lost).pk, uuid.uuid4())
    assert job
    Run.objects.checkpoint(job.worker, [Text(lost.pk, "New", "", 1)])
    job.worker = dead
    job.message.content = "Zombie"
    before = Message.objects.values().get(pk=lost.pk), Run.objects.values().get(message=lost)

    Run.objects.checkpoint(dead, [Text(lost.pk, "Zombie", "", 0)])
    assert Run.objects.finish(job) is None
    assert Run.objects.renew(dead, [job.run_id]) == {}
    assert Run.objects.release(dead, [job.run_id]) == []

    assert (Message.objects.values().get(pk=lost.pk), Run.objects.values().get(message=lost)) == before


def test_a_worker_that_wakes_up_after_a_takeover_falls_silent(
    chat: Chat, hire: Hire, provider: FakeOpenAI, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Its heart beats less often than a lease lasts, as when the process is suspended."""
    provider.script("m", [text("Old"), {"delay": 1.5}, text(" zombie"), {"hang": True}], times=1)
    provider.script("m", [text("New"), {"delay": 3}, text(" text"), END])
    answer = chat.send("Hi").answer
    empty_queue()
    suspended, other = hire(), hire()
    settings.CHATTABLE = {**settings.CHATTABLE, "HEARTBEAT_SECONDS": 5, "LEASE_SECONDS": 1}
    suspended.take(answer)
    until(lambda: len(provider.requests) == 1)
    time.sleep(0.1)  # its heart has begun the long pause
    settings.CHATTABLE = {**settings.CHATTABLE, "HEARTBEAT_SECONDS": 0.1}
    other.start()

    until(queued)
    other.take_queued()

    provider.wait_for(lambda: provider.requests[0].closed_by == "client", timeout=15)
    answer = other.settle(answer)
    assert (answer.status, answer.content, answer.rev) == (Status.COMPLETE, "New text", 2)
    assert (len(provider.requests), run_of(answer).attempts) == (2, 2)
    assert "zombie" not in answer.content
    assert [record.message for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []


def test_a_worker_that_ends_its_answer_after_a_takeover_changes_nothing(
    chat: Chat, hire: Hire, provider: FakeOpenAI, settings: Any
) -> None:
    provider.script("m", [text("Old"), {"delay": 1}, END], times=1)
    provider.script("m", [text("New"), {"delay": 1.5}, text(" text"), END])
    settings.CHATTABLE = {**settings.CHATTABLE, "HEARTBEAT_SECONDS": 60, "LEASE_SECONDS": 0.2}
    answer = chat.send("Hi").answer
    dead, other = hire(), hire()
    dead.take(answer)
    until(lambda: len(provider.requests) == 1)
    until(lambda: Run.objects.sweep())
    other.take(answer)

    dead.settle(answer)
    during = fresh(answer)
    answer = other.settle(answer)

    assert during.status == Status.STREAMING
    assert (answer.status, answer.content, answer.rev) == (Status.COMPLETE, "New text", 2)


# The sweep.


def test_a_run_that_the_queue_has_forgotten_is_queued_again(chat: Chat, hire: Hire, provider: FakeOpenAI) -> None:
    provider.script("m", [text("Hi"), END])
    answer = chat.send("Hello?").answer
    empty_queue()
    worker = hire()
    worker.start()

    until(queued)
    worker.take_queued()

    assert worker.settle(answer).content == "Hi"
    assert run_of(answer).attempts == 1


def test_a_run_is_not_queued_again_before_its_time(chat: Chat, settings: Any) -> None:
    settings.CHATTABLE = {**settings.CHATTABLE, "REQUEUE_SECONDS": 60}
    answer = chat.send("Hello?").answer

    assert Run.objects.sweep() == []

    Run.objects.filter(message=answer).update(queued_at=Now() - timedelta(seconds=61))
    assert Run.objects.sweep() == [run_of(answer).pk]
    assert Run.objects.sweep() == [], "the next sweep waits as long again"


def test_the_sweep_leaves_alone_what_runs_or_waits_for_its_turn(chat: Chat) -> None:
    running = chat.send("Hello?").answer
    waiting = chat.send("And?").answer
    assert Run.objects.claim(run_of(running).pk, uuid.uuid4())
    Run.objects.update(queued_at=Now() - timedelta(hours=1))

    assert Run.objects.sweep() == []
    assert [fresh(running).status, fresh(waiting).status] == [Status.STREAMING, Status.QUEUED]


def test_the_sweep_does_not_take_a_run_from_the_worker_that_claims_it_meanwhile(chat: Chat) -> None:
    run = run_of(chat.send("Hello?").answer)
    Run.objects.update(queued_at=Now() - timedelta(hours=1))
    worker = uuid.uuid4()

    def claim() -> None:
        assert Run.objects.claim(run.pk, worker)
        connection.close()

    def claim_first(execute: Any, sql: str, *args: Any) -> Any:
        if sql.startswith("UPDATE"):
            thread = threading.Thread(target=claim)
            thread.start()
            thread.join()
        return execute(sql, *args)

    with connection.execute_wrapper(claim_first):
        Run.objects.sweep()

    run.refresh_from_db()
    assert run.worker == worker
    assert run.lease_expires_at


def test_many_sweeps_at_once_agree(chat: Chat) -> None:
    runs = {run_of(ChatFactory.create().send("Hi").answer).pk for _ in range(5)}
    Run.objects.update(queued_at=Now() - timedelta(hours=1))

    swept = at_once(Run.objects.sweep, times=6)

    assert {run for found in swept for run in found} == runs


# The end of a worker.


def test_a_worker_that_ends_hands_its_answers_over(chat: Chat, hire: Hire, provider: FakeOpenAI) -> None:
    provider.script("m", [text("Half"), {"hang": True}], times=1)
    provider.script("m", [text("Whole"), END])
    answer = chat.send("Hi").answer
    empty_queue()
    old, new = hire(), hire()
    old.take(answer)
    until(lambda: provider.requests and provider.requests[0].sent_bytes)
    time.sleep(0.05)

    started = time.monotonic()
    old.hand_over()
    old.settle(answer)

    assert time.monotonic() - started < 1
    assert queued() == [run_of(answer).pk]
    assert run_of(answer).worker is None
    assert fresh(answer).content == "Half", "saved, although no heart has beaten since"
    provider.wait_for(lambda: provider.requests[0].closed_by == "client", timeout=2)
    new.take_queued()
    assert new.settle(answer).content == "Whole"
    assert len(provider.requests) == 2


def test_after_the_hand_over_the_heart_beats_no_more(hire: Hire) -> None:
    worker = hire()
    worker.start()
    heart = worker.runner._heart
    assert heart

    worker.hand_over()

    until(heart.done)


def test_long_texts_are_saved_at_the_end_of_a_worker_too(
    chat: Chat, hire: Hire, provider: FakeOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chattable.runner.LONG_TEXT", 1)
    provider.script("m", [text("x" * 200), {"delay": 0.5}, text("y"), {"hang": True}])
    answer = chat.send("Hi").answer
    worker = hire()
    worker.take(answer)
    until(lambda: fresh(answer).content == "x" * 200)
    until(lambda: provider.requests[0].sent_bytes > 300)
    time.sleep(0.2)

    worker.hand_over()

    assert fresh(answer).content == "x" * 200 + "y"


def test_a_worker_that_has_ended_takes_nothing_and_gives_it_back(chat: Chat, hire: Hire, provider: FakeOpenAI) -> None:
    answer = chat.send("Hi").answer
    empty_queue()
    worker = hire()
    worker.hand_over()

    worker.answer(answer)

    assert provider.requests == []
    assert queued() == [run_of(answer).pk]


def test_an_answer_that_has_just_ended_is_not_asked_for_again(
    chat: Chat, hire: Hire, provider: FakeOpenAI, database: Database
) -> None:
    provider.script("m", [text("Hi"), {"delay": 0.3}, END])
    answer = chat.send("Hello?").answer
    empty_queue()
    worker = hire()
    worker.take(answer)
    until(lambda: provider.requests)

    with database.fault(OperationalError("the database is away"), "UPDATE", "prompt_tokens"):
        until(lambda: database.failures > 1)
        worker.hand_over()

    answer = worker.settle(answer)
    assert (answer.status, answer.content) == (Status.COMPLETE, "Hi")
    assert queued() == []


# The transaction and the queue (F18).


class Rollback(Exception):
    """What a view raises after it has sent a turn."""


def test_after_a_rollback_there_is_no_task_and_no_message(chat: Chat) -> None:
    with pytest.raises(Rollback), transaction.atomic():
        chat.send("Hi")
        raise Rollback

    assert queued() == []
    assert not Message.objects.exists()
    assert not Run.objects.exists()


def test_the_task_starts_after_the_commit_only(chat: Chat, hire: Hire, provider: FakeOpenAI) -> None:
    provider.script("m", [text("Hi"), END])
    with transaction.atomic():
        answer = chat.send("Hello?").answer
        time.sleep(0.5)
        assert queued() == []

    worker = hire()
    worker.take_queued()

    assert worker.settle(answer).content == "Hi"


def test_while_the_queue_is_away_the_answer_fails_at_once_and_can_be_tried_again(
    chat: Chat, hire: Hire, provider: FakeOpenAI, running_valkey: Valkey
) -> None:
    provider.script("m", [text("Hi"), END])
    running_valkey.stop()
    try:
        started = time.monotonic()
        sent = chat.send("Hello?")
        took = time.monotonic() - started
        again = chat.send("Hello?", id=sent.message.pk)
    finally:
        running_valkey.restart()

    assert took < 5
    assert (sent.answer.status, sent.answer.error) == (Status.FAILED, "queue_unavailable")
    assert fresh(sent.answer).status == Status.FAILED
    assert (again.created, again.answer) == (False, sent.answer)
    assert Message.objects.filter(role=Role.USER).count() == 1
    worker = hire()
    answer = sent.answer.regenerate()
    worker.take_queued()
    assert worker.settle(answer).content == "Hi"
    assert [message["content"] for message in provider.requests[0].body["messages"]] == ["Hello?"]
    assert Message.objects.filter(role=Role.USER).count() == 1


def test_a_waiting_turn_outlives_a_queue_that_is_away(
    chat: Chat, hire: Hire, provider: FakeOpenAI, running_valkey: Valkey
) -> None:
    provider.script("m", [text("Hi"), {"delay": 0.5}, END])
    first = chat.send("Hello?").answer
    second = chat.send("And?").answer
    worker = hire()
    worker.take(first)
    running_valkey.stop()
    try:
        assert worker.settle(first).status == Status.COMPLETE
        worker.start()
    finally:
        running_valkey.restart()

    until(lambda: run_of(second).pk in queued())
    worker.take_queued()
    assert worker.settle(second).content == "Hi"


# The database.


@pytest.mark.parametrize("moment", ["before the claim", "while streaming", "at the end"])
def test_a_database_that_is_away_for_a_while_costs_nothing(
    chat: Chat, hire: Hire, provider: FakeOpenAI, database: Database, moment: str
) -> None:
    pause = {"delay": 0.6}
    provider.script("m", [text("One "), pause, text("two "), *([pause] if moment == "while streaming" else []), END])
    answer = chat.send("Hi").answer
    empty_queue()
    worker = hire()
    worker.start()
    if moment != "before the claim":
        worker.take(answer)
        until(lambda: fresh(answer).content == "One ")
    away = ExitStack()
    away.enter_context(database.fault(OperationalError("the database is away")))
    if moment == "before the claim":
        worker.take(answer)
    if moment == "at the end":
        provider.wait_for(lambda: provider.requests[0].closed_by)
    until(lambda: database.failures > 2)
    away.close()
    if moment == "before the claim":
        until(queued)
        worker.take_queued()

    until(lambda: not fresh(answer).is_running)
    answer = worker.settle(answer)
    assert (answer.status, answer.content, answer.rev) == (Status.COMPLETE, "One two ", 0)
    assert (len(provider.requests), run_of(answer).attempts) == (1, 1)


def test_a_heart_outlives_any_fault(chat: Chat, hire: Hire, provider: FakeOpenAI, database: Database) -> None:
    provider.script("m", [text("One "), {"delay": 1}, text("two "), {"delay": 1}, END])
    answer = chat.send("Hi").answer
    worker = hire()
    worker.take(answer)
    until(lambda: fresh(answer).content)

    with database.fault(ZeroDivisionError("a bug of ours"), "UPDATE"):
        until(lambda: database.failures > 2)

    until(lambda: fresh(answer).content == "One two ")
    assert worker.settle(answer).status == Status.COMPLETE


def test_an_answer_whose_end_cannot_be_saved_is_given_up_in_the_end(
    chat: Chat, hire: Hire, provider: FakeOpenAI, database: Database, settings: Any
) -> None:
    """Although its worker lives on, and keeps the leases of other answers."""
    settings.CHATTABLE = {**settings.CHATTABLE, "LEASE_SECONDS": 0.4}
    provider.script("m", [text("Hi"), {"delay": 0.3}, END])
    provider.script("long", [text("Hi"), {"hang": True}])
    answer = chat.send("Hello?").answer
    other = ChatFactory.create().send("Hello?", model="long").answer
    worker = hire()
    worker.start()

    def given_up() -> bool:
        worker.take_queued()
        return not fresh(answer).is_running

    with database.fault(DataError("the text is refused"), "UPDATE", "prompt_tokens"):
        until(given_up, timeout=15)

    assert (fresh(answer).status, fresh(answer).error) == (Status.FAILED, "worker_lost")
    assert fresh(answer).content == "Hi"
    assert (fresh(other).status, run_of(other).attempts) == (Status.STREAMING, 1)


def test_a_checkpoint_that_waits_for_the_end_never_writes_over_it(chat: Chat) -> None:
    worker = uuid.uuid4()
    run = run_of(chat.send("Hello?").answer)
    job = Run.objects.claim(run.pk, worker)
    assert job
    older = Text(job.message.pk, "All but the last", "", 0)

    def save() -> None:
        try:
            Run.objects.checkpoint(worker, [older])
        finally:
            connection.close()

    late = threading.Thread(target=save)
    with transaction.atomic():
        job.message.append(content="All but the last word")
        assert Run.objects.finish(job) is not None
        late.start()
        late.join(0.5)
        assert late.is_alive(), "it does not wait"
    late.join(20)

    assert fresh(job.message).content == "All but the last word"
