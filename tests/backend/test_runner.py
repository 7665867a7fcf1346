"""The run engine while all goes well: claims, saves, stops, and turns that wait for one another."""

import json
import threading
import time
import uuid
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from backend.api import at_once, empty_queue, queued
from backend.factories import ChatFactory, TeamFactory, UserFactory
from backend.workers import Database, Hire, Worker, fresh, run_of, until
from chattable import runner, tasks
from chattable.conf import settings as chattable
from chattable.models import Chat, Message, Run, Status
from chattable.runner import Job
from fake_openai import DONE, END, FakeOpenAI, Step, delta, finish, sse, text

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick")]


def history(provider: FakeOpenAI) -> list[tuple[str, str]]:
    """What the last request told the model."""
    return [(message["role"], message["content"]) for message in provider.requests[-1].body["messages"]]


# The claim.


def claim(run: uuid.UUID) -> Job | None:
    return Run.objects.claim(run, uuid.uuid4())


def test_of_many_that_claim_a_run_one_gets_it(chat: Chat) -> None:
    for _ in range(10):
        run = run_of(chat.send("Hi", parent=None).answer)

        jobs = at_once(partial(claim, run.pk), times=8)

        assert [job.rev for job in jobs if job] == [0]


def test_an_answer_delivered_three_times_to_two_workers_is_asked_for_once(
    chat: Chat, hire: Hire, provider: FakeOpenAI
) -> None:
    provider.script("m", [text("Hi"), {"delay": 0.3}, END])
    answer = chat.send("Hello?").answer
    one, other = hire(), hire()

    for worker in (one, other, one, other):
        worker.take(answer)
    until(lambda: fresh(answer).status == Status.STREAMING)
    for worker in (one, other):
        worker.take(answer)
    one.settle(answer)
    other.settle(answer)
    assert other.answer(answer).content == "Hi"

    assert len(provider.requests) == 1
    assert (run_of(answer).attempts, fresh(answer).rev) == (1, 0)


@pytest.mark.parametrize("unable", ["finished", "stopped", "unknown", "tried too often"])
def test_a_run_that_is_not_to_be_answered_is_not_claimed(chat: Chat, unable: str) -> None:
    run = run_of(chat.send("Hi").answer)
    Run.objects.filter(pk=run.pk).update(
        finished_at=timezone.now() if unable == "finished" else None,
        stop_requested_at=timezone.now() if unable == "stopped" else None,
        attempts=chattable.MAX_ATTEMPTS if unable == "tried too often" else 0,
    )

    assert Run.objects.claim(uuid.uuid4() if unable == "unknown" else run.pk, uuid.uuid4()) is None
    assert fresh(run.message).status == Status.QUEUED


# The course of an answer, and what it costs.


def test_an_answer_is_recorded_from_the_queue_to_its_end(chat: Chat, worker: Worker, provider: FakeOpenAI) -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "completion_tokens_details": {"reasoning_tokens": 1}}
    steps = [delta(reasoning_content="Hm"), text("Hi"), finish(), sse({"choices": [], "usage": usage}), DONE]
    provider.script("m", [b"oops"], status=503, times=1)
    provider.script("m", steps, headers={"x-request-id": "req_7"})

    answer = worker.answer(chat.send("Hello?").answer)

    run = run_of(answer)
    assert (answer.status, answer.content, answer.reasoning) == (Status.COMPLETE, "Hi", "Hm")
    assert (answer.finish_reason, answer.error) == ("stop", "")
    assert (run.prompt_tokens, run.completion_tokens, run.reasoning_tokens, run.cached_tokens) == (3, 4, 1, None)
    assert (run.model, run.request_id, run.requests, run.attempts) == ("m", "req_7", 2, 1)
    times = [run.queued_at, run.started_at, run.first_token_at, run.finished_at]
    assert times == sorted(time for time in times if time)
    assert run.lease_expires_at is None


def test_a_failed_answer_keeps_its_cause_for_the_operator(chat: Chat, worker: Worker, provider: FakeOpenAI) -> None:
    provider.script("m", [b'{"error": {"message": "Bad key"}}'], status=401)

    answer = worker.answer(chat.send("Hello?").answer)

    assert (answer.status, answer.error, answer.finish_reason) == (Status.FAILED, "provider_auth", "")
    assert "Bad key" in run_of(answer).error
    assert run_of(answer).requests == 1


def test_instructions_and_parameters_of_the_chat_go_to_the_model(worker: Worker, provider: FakeOpenAI) -> None:
    provider.script("m", [text("Hi"), END])
    chat = ChatFactory.create(instructions="Be brief.", parameters={"temperature": 0.5})

    worker.answer(chat.send("Hello?").answer)

    assert history(provider) == [("system", "Be brief."), ("user", "Hello?")]
    assert provider.requests[-1].body["temperature"] == 0.5


@pytest.mark.parametrize("factory", [UserFactory, TeamFactory])
def test_the_instructions_of_the_owner_come_before_those_of_the_chat(
    worker: Worker, provider: FakeOpenAI, factory: Any
) -> None:
    provider.script("m", [text("Hi"), END])
    UserFactory.create().chat_settings.create(instructions="Somebody else's.")
    owner = factory.create()
    owner.chat_settings.create(instructions="I am new to this.")
    plain, own = (ChatFactory.create(owner=owner, instructions=text) for text in (" ", "Be brief."))

    worker.answer(plain.send("Hello?").answer)
    assert history(provider) == [("system", "I am new to this."), ("user", "Hello?")]

    owner.chat_settings.update(instructions="I know it all.")
    worker.answer(own.send("Hello?").answer)
    assert history(provider) == [("system", "I know it all.\n\nBe brief."), ("user", "Hello?")]


def test_an_answer_costs_the_worker_six_statements(
    chat: Chat, worker: Worker, provider: FakeOpenAI, database: Database, settings: Any
) -> None:
    settings.CHATTABLE = {**settings.CHATTABLE, "HEARTBEAT_SECONDS": 60}
    provider.script("m", [text("Hi"), END])
    answer = chat.send("Hello?").answer

    assert worker.answer(answer).content == "Hi"

    assert len(database.statements) == 6, database.statements


def test_a_beat_saves_all_answers_in_one_statement_and_only_what_has_grown(
    hire: Hire, provider: FakeOpenAI, database: Database
) -> None:
    for name in ("a", "b", "c"):
        provider.script(name, [text(f"text of {name}"), {"hang": True}])
    provider.script("growing", [step for n in range(100) for step in (text(f"{n} "), {"delay": 0.05})])
    chats = ChatFactory.create_batch(5)
    answers = [chat.send("Hi", model=model).answer for chat, model in zip(chats, ["a", "b", "c"], strict=False)]
    silent = chats[3].send("Hi", model="silent").answer
    provider.script("silent", [{"hang": True}])
    growing = chats[4].send("Hi", model="growing").answer
    worker = hire()

    worker.take(*answers, silent, growing)
    until(lambda: [fresh(answer).content for answer in answers] == ["text of a", "text of b", "text of c"])
    before = len(database.said("UPDATE chattable_message AS m"))
    started = time.monotonic()
    until(lambda: len(database.said("UPDATE chattable_message AS m")) >= before + 5)

    assert time.monotonic() - started > 4 * 0.1, "more than one statement a beat"
    saves = [str(params) for _, params in database.said("UPDATE chattable_message AS m")]
    assert all("text of a" not in save for save in saves[before:]), "what has not grown is written again"
    assert not any(silent.pk.hex in save.replace("-", "") for save in saves), "nothing to save, yet saved"
    assert any("text of c" in save for save in saves[:before])


def test_what_is_stored_lags_what_was_sent_by_a_beat(chat: Chat, worker: Worker, provider: FakeOpenAI) -> None:
    answer = chat.send("Hi", model="count-n400-r50").answer
    worker.take(answer)

    until(lambda: fresh(answer).content)
    for _ in range(5):
        grown = fresh(answer).content + " "
        until(lambda grown=grown: len(fresh(answer).content) > len(grown), timeout=1)  # type: ignore[misc]

    numbers = [int(number) for number in fresh(answer).content.split()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_heart_beats_however_much_waits_for_the_database(
    chat: Chat, worker: Worker, provider: FakeOpenAI, settings: Any
) -> None:
    settings.CHATTABLE = {**settings.CHATTABLE, "SWEEP_SECONDS": 0.1}
    answer = chat.send("Hi", model="count-n400-r50").answer
    worker.take(answer)
    until(lambda: fresh(answer).content)
    forgotten = run_of(ChatFactory.create().send("Hi").answer)
    Run.objects.filter(pk=forgotten.pk).update(queued_at=timezone.now() - timedelta(hours=1))
    empty_queue()
    go = threading.Event()
    waiting = [tasks._database.submit(go.wait, 20) for _ in range(100)]
    try:
        worker.start()
        until(lambda: queued() == [forgotten.pk])
        before = run_of(answer).lease_expires_at
        grown = len(fresh(answer).content)

        until(lambda: run_of(answer).lease_expires_at != before)
        until(lambda: len(fresh(answer).content) > grown)
    finally:
        go.set()
    assert not any(call.cancelled() for call in waiting)


def test_a_long_text_is_saved_less_often(
    chat: Chat, worker: Worker, provider: FakeOpenAI, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "LONG_TEXT", 100)
    steps: list[Step] = [step for _ in range(40) for step in (text("x" * 25), {"delay": 0.05})]
    provider.script("m", [*steps, END])

    answer = worker.answer(chat.send("Hi").answer)

    assert answer.content == "x" * 1000
    assert 2 <= len(database.said("UPDATE chattable_message AS m")) <= 8, "about 20 beats"


# Stop.


def stopped(answer: Message, worker: Worker) -> Message:
    """The answer after a stop, once its worker has done with it."""
    started = time.monotonic()
    answer.stop()
    settled = worker.settle(answer)
    assert time.monotonic() - started < 2
    return settled


def test_a_queued_answer_is_stopped_and_never_asked_for(chat: Chat, worker: Worker, provider: FakeOpenAI) -> None:
    answer = chat.send("Hi").answer

    answer.stop()

    assert answer.status == Status.STOPPED
    assert worker.answer(answer).status == Status.STOPPED
    assert provider.requests == []
    assert run_of(answer).finished_at


@pytest.mark.parametrize(
    ("steps", "late_head", "content"),
    [
        ([{"hang": True}], True, ""),
        ([{"hang": True}], False, ""),
        ([text("Hi"), {"hang": True}], False, "Hi"),
        ([text("Hi"), *[step for _ in range(500) for step in (b": ping\n\n", {"delay": 0.05})]], False, "Hi"),
    ],
    ids=["before the head", "before the first token", "after text", "while keep-alives come"],
)
def test_a_running_answer_is_stopped_with_its_text_and_its_connection(
    chat: Chat, worker: Worker, provider: FakeOpenAI, steps: list[Step], late_head: bool, content: str
) -> None:
    provider.script("m", steps, late_head=late_head)
    answer = chat.send("Hi").answer
    worker.take(answer)
    until(lambda: provider.requests and fresh(answer).content == content)

    answer = stopped(answer, worker)

    assert (answer.status, answer.content, answer.error) == (Status.STOPPED, content, "")
    provider.wait_for(lambda: provider.requests[0].closed_by == "client", timeout=2)
    assert len(provider.requests) == 1


def test_a_stop_at_any_moment_gives_one_final_state(hire: Hire, provider: FakeOpenAI) -> None:
    provider.script("m", [*[step for n in range(10) for step in (text(f"{n}"), {"delay": 0.03})], END])
    whole = "0123456789"
    for moment in range(12):
        worker = hire()
        answer = ChatFactory.create().send("Hi").answer
        worker.take(answer)
        time.sleep(moment * 0.04)  # the moment is what varies here
        answer.stop()
        answer.stop()

        settled = worker.settle(answer)

        assert settled.status in (Status.STOPPED, Status.COMPLETE)
        assert whole.startswith(settled.content)
        assert settled.status == Status.STOPPED or settled.content == whole


def test_a_stop_after_the_end_changes_nothing(chat: Chat, worker: Worker, provider: FakeOpenAI) -> None:
    provider.script("m", [text("Hi"), END])
    before = worker.answer(chat.send("Hello?").answer)

    fresh(before).stop()

    after = fresh(before)
    assert (after.status, after.version, after.updated_at) == (Status.COMPLETE, before.version, before.updated_at)
    assert run_of(after).stop_requested_at is None


# Turns that wait for one another.


def test_a_turn_sent_while_its_parent_runs_waits_and_sees_the_whole_of_it(
    chat: Chat, worker: Worker, provider: FakeOpenAI
) -> None:
    provider.script("m", [text("One "), {"delay": 0.5}, text("two"), END], times=1)
    provider.script("m", [text("Three"), END])
    first = chat.send("Count").answer
    worker.take_queued()
    until(lambda: fresh(first).content)

    second = chat.send("Go on").answer
    worker.take_queued()
    third = chat.send("And on").answer
    worker.take_queued()
    assert fresh(second).status == fresh(third).status == Status.QUEUED
    worker.settle(first)

    # Each end queues the turn that waited for it, so that it is there at once and not with the next sweep.
    for answer in (second, third):
        assert queued() == [run_of(answer).pk]
        worker.take_queued()
        assert worker.settle(answer).status == Status.COMPLETE
    assert history(provider) == [
        ("user", "Count"),
        ("assistant", "One two"),
        ("user", "Go on"),
        ("assistant", "Three"),
        ("user", "And on"),
    ]


@pytest.mark.parametrize("end", ["stopped", "failed", "stopped while queued"])
def test_a_waiting_turn_has_its_turn_however_its_parent_ends(
    chat: Chat, worker: Worker, provider: FakeOpenAI, end: str
) -> None:
    fails: list[Step] = [text("Half"), {"delay": 0.5}, sse({"error": {"message": "crashed"}})]
    provider.script("first", [text("Half"), {"hang": True}] if end == "stopped" else fails)
    provider.script("m", [text("Yes"), END])
    first = chat.send("Count", model="first").answer
    if end != "stopped while queued":
        worker.take_queued()
        until(lambda: fresh(first).content)
    second = chat.send("Go on").answer
    empty_queue()

    if end != "failed":
        first.stop()
    worker.settle(first)
    worker.take_queued()

    assert worker.settle(second).content == "Yes"
    half = [] if end == "stopped while queued" else [("assistant", "Half")]
    assert history(provider) == [("user", "Count"), *half, ("user", "Go on")]


@pytest.mark.parametrize("moment", ["queued", "no token", "token"])
@pytest.mark.parametrize("then", ["send", "regenerate"])
def test_stop_then_go_on_at_once_sends_exactly_the_visible_history(
    chat: Chat, worker: Worker, provider: FakeOpenAI, moment: str, then: str
) -> None:
    provider.script("slow", [*([text("Half")] if moment == "token" else []), {"hang": True}])
    provider.script("m", [text("Yes"), END])
    sent = chat.send("Hi", model="slow")
    if moment != "queued":
        worker.take_queued()
        until(lambda: provider.requests and fresh(sent.answer).content == ("Half" if moment == "token" else ""))

    sent.answer.stop()
    answer = chat.send("Go on").answer if then == "send" else sent.answer.regenerate(model="m")
    until(lambda: not fresh(sent.answer).is_running, timeout=2)
    until(lambda: run_of(answer).pk in queued())
    worker.take_queued()

    assert worker.settle(answer).content == "Yes"
    before = [("user", "Hi"), ("assistant", "Half")] if moment == "token" else [("user", "Hi")]
    assert history(provider) == ([*before, ("user", "Go on")] if then == "send" else [("user", "Hi")])
    first = fresh(sent.answer)
    assert (first.status, first.content) == (Status.STOPPED, "Half" if moment == "token" else "")
    assert not Message.objects.filter(status__in=[Status.QUEUED, Status.STREAMING]).exists()
    assert fresh(answer).chat.current_leaf == answer


@pytest.mark.parametrize(
    "end",
    [[text("Half"), sse({"error": {"message": "crashed"}})], [sse({"error": {"message": "crashed"}})], [END]],
    ids=["failed with text", "failed", "empty"],
)
def test_the_turn_after_a_failure_holds_no_empty_message_and_no_error(
    chat: Chat, worker: Worker, provider: FakeOpenAI, end: list[Step]
) -> None:
    provider.script("m", end, times=1)
    provider.script("m", [text("Yes"), END])
    worker.answer(chat.send("Hi").answer)

    answer = worker.answer(chat.send("Again").answer)

    assert answer.content == "Yes"
    half = [("assistant", "Half")] if len(end) == 2 else []
    assert history(provider) == [("user", "Hi"), *half, ("user", "Again")]


def test_a_message_of_blanks_is_left_out_of_the_history(chat: Chat, worker: Worker, provider: FakeOpenAI) -> None:
    provider.script("m", [text(" \n"), END], times=1)
    provider.script("m", [text("Yes"), END])
    worker.answer(chat.send("Hi").answer)

    worker.answer(chat.send("Again").answer)

    assert history(provider) == [("user", "Hi"), ("user", "Again")]


# F10: what databases refuse.

NUL, HALF = "\x00", "\ud83e"


def escaped(event: object) -> bytes:
    """An event with JSON's escapes for all that is not ASCII."""
    return b"data: " + json.dumps(event).encode() + b"\n\n"


@pytest.mark.parametrize(
    ("steps", "content", "reasoning"),
    [
        ([text("x\x00y")], "xy", ""),
        ([text("\x00"), text("xy")], "xy", ""),
        ([delta(reasoning_content="x\x00y"), text("Hi")], "Hi", "xy"),
        ([escaped({"choices": [{"delta": {"content": f"x{HALF}y"}}]})], "x\ufffdy", ""),
        ([escaped({"choices": [{"delta": {"content": "x\udd80y"}}]})], "x\ufffdy", ""),
        ([escaped({"choices": [{"delta": {"content": f"xy{HALF}"}}]})], "xy", ""),
    ],
)
def test_what_databases_refuse_does_not_cost_the_answer(
    chat: Chat, worker: Worker, provider: FakeOpenAI, steps: list[Step], content: str, reasoning: str
) -> None:
    provider.script("m", [*steps, {"delay": 0.3}, END])
    answer = chat.send("Hello?").answer
    worker.take(answer)
    until(lambda: fresh(answer).content == content)

    answer = worker.settle(answer)

    assert (answer.status, answer.content, answer.reasoning) == (Status.COMPLETE, content, reasoning)


@pytest.mark.parametrize(
    ("steps", "headers", "error", "finish_reason"),
    [
        ([escaped({"error": {"message": "a\x00b\ud83ec"}})], {}, "provider_error", ""),
        ([text("Hi"), finish("sto\x00p")], {}, "", "stop"),
        ([text("Hi"), escaped({"choices": [{"finish_reason": "odd\ud83e"}]})], {}, "", "odd\ufffd"),
        ([text("Hi"), END], {"x-request-id": "r" * 300}, "", "stop"),
        ([text("Hi"), END], {"x-request-id": "\xe9\xff"}, "", "stop"),
    ],
)
def test_what_databases_refuse_in_the_record_does_not_cost_the_answer(
    chat: Chat,
    worker: Worker,
    provider: FakeOpenAI,
    steps: list[Step],
    headers: dict[str, str],
    error: str,
    finish_reason: str,
) -> None:
    provider.script("m", steps, headers=headers)

    answer = worker.answer(chat.send("Hello?").answer)

    assert (answer.error, answer.finish_reason) == (error, finish_reason)
    assert not answer.is_running
    assert "\x00" not in run_of(answer).error


def test_characters_that_databases_refuse_are_taken_out_of_what_was_sent(worker: Worker, provider: FakeOpenAI) -> None:
    provider.script("m", [text("Hi"), END])
    chat = ChatFactory.create(title=f"a{NUL}b{HALF}", instructions=f"c{NUL}")

    sent = chat.send(f"a{NUL}b{HALF}", model=f"m{NUL}")

    assert worker.answer(sent.answer).content == "Hi"
    assert history(provider) == [("system", "c"), ("user", "ab\ufffd")]
    assert (sent.message.content, sent.answer.model, Chat.objects.get().title) == ("ab\ufffd", "m", "ab\ufffd")
    assert chat.send(f"a{NUL}b{HALF}", id=sent.message.pk).answer == sent.answer


# A chat that goes away.


def test_a_chat_deleted_in_mid_answer_closes_the_connection_and_raises_nothing(
    chat: Chat, worker: Worker, provider: FakeOpenAI, caplog: pytest.LogCaptureFixture
) -> None:
    provider.script("m", [*[step for n in range(200) for step in (text(f"{n} "), {"delay": 0.02})], END])
    answer = chat.send("Hi").answer
    worker.take(answer)
    until(lambda: fresh(answer).content)

    chat.delete()

    provider.wait_for(lambda: provider.requests[0].closed_by == "client", timeout=2)
    until(lambda: all(task.done() for task in worker._tasks))
    assert [task.exception() for task in worker._tasks] == [None]
    assert [record.message for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []
    assert not Message.objects.exists()


def test_an_owner_deleted_in_mid_answer_closes_the_connection(worker: Worker, provider: FakeOpenAI) -> None:
    provider.script("m", [text("Hi"), {"hang": True}])
    person = UserFactory.create()
    answer = ChatFactory.create(owner=person).send("Hi").answer
    worker.take(answer)
    until(lambda: fresh(answer).content)

    person.delete()

    provider.wait_for(lambda: provider.requests[0].closed_by == "client", timeout=2)


# Many at once.


def test_a_hundred_answers_at_once_are_whole(hire: Hire, provider: FakeOpenAI) -> None:
    answers = [ChatFactory.create().send("Hi", model="count-n40-r40").answer for _ in range(100)]
    one, other = hire(), hire()

    for number, answer in enumerate(answers):
        (one, other)[number % 2].take(answer)
    one.settle(answers[0])
    other.settle(answers[0])

    whole = "".join(f"{number} " for number in range(1, 41))
    assert {fresh(answer).content for answer in answers} == {whole}
    assert len(provider.requests) == 100
    assert threading.active_count() < 60
