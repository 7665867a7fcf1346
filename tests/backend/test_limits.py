"""What one owner, and one answer, may take of a worker and of the provider, and how others fare meanwhile."""

import time
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import formatdate
from typing import Any

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from backend.api import Api, at_once, everything, queued
from backend.factories import ChatFactory, UserFactory
from backend.listener import listening
from backend.workers import Hire, Worker, fresh, run_of, until
from chattable.exceptions import ANSWER_ERRORS, TooManyRunning
from chattable.models import Chat, Message, Run, Status
from chattable.runner import Text
from fake_openai import END, FakeOpenAI, Step, text

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick")]


# Open answers of one owner.


@pytest.fixture
def two_at_most(settings: Any) -> None:
    settings.CHATTABLE = {**settings.CHATTABLE, "MAX_RUNNING": 2}


def send(api: Api, chat: Chat, **fields: Any) -> Any:
    return api.post(f"/api/chats/{chat.pk}/messages/", {"content": "Hi", **fields})


def chats_of(owner: Any) -> Iterator[Chat]:
    while True:
        yield ChatFactory.create(owner=owner)


@pytest.mark.usefixtures("two_at_most")
def test_beyond_the_cap_a_turn_is_refused_in_plain_words_and_leaves_nothing(api: Api, owner: Any) -> None:
    one, other, third = (ChatFactory.create(owner=owner) for _ in range(3))
    first, second = send(api, one, id=str(uuid.uuid4())), send(api, other)
    before = everything()

    refused = send(api, third)

    assert (first.status_code, second.status_code, refused.status_code) == (201, 201, 429)
    assert refused.json()["code"] == "too_many_running"
    assert "still running" in refused.json()["detail"]
    assert (everything(), len(queued())) == (before, 2)


@pytest.mark.usefixtures("two_at_most")
def test_a_turn_that_is_sent_again_beyond_the_cap_gets_the_same_two_back(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner)
    body = {"id": str(uuid.uuid4())}
    first = send(api, chat, **body)
    send(api, chat)

    again = send(api, chat, **body)

    assert (again.status_code, again.json()) == (200, first.json())


@pytest.mark.usefixtures("two_at_most")
def test_another_answer_counts_too_and_is_known_when_it_is_asked_for_again(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner)
    answer = chat.messages.create(role="assistant", content="Old")
    path, wanted = f"/api/messages/{answer.pk}/regenerate/", str(uuid.uuid4())
    assert api.post(path, {"id": wanted}).status_code == 201
    send(api, chat)

    again, another = api.post(path, {"id": wanted}), api.post(path)

    assert (again.status_code, again.json()["id"]) == (201, wanted)
    assert (another.status_code, another.json()["code"]) == (429, "too_many_running")


@pytest.mark.usefixtures("two_at_most")
@pytest.mark.parametrize("end", ["complete", "stopped", "deleted"])
def test_an_answer_that_ends_makes_room(end: str, worker: Worker, provider: FakeOpenAI) -> None:
    provider.script("m", [text("Hi"), END])
    provider.script("slow", [text("Hi"), {"hang": True}])
    chat = ChatFactory.create()
    chats = chats_of(chat.owner)
    next(chats).send("Hi", model="slow")
    answer = chat.send("Hi", model="m" if end == "complete" else "slow").answer
    with pytest.raises(TooManyRunning):
        next(chats).send("Hi")

    if end == "complete":
        worker.answer(answer)
    elif end == "stopped":
        worker.take(answer)
        until(lambda: fresh(answer).content)
        answer.stop()  # its worker has yet to hear of it
    else:
        chat.delete()

    assert next(chats).send("Hi").created
    with pytest.raises(TooManyRunning):
        next(chats).send("Hi")


@pytest.mark.usefixtures("two_at_most")
def test_the_answers_of_one_owner_do_not_count_for_another() -> None:
    one, other = UserFactory.create_batch(2)
    for _ in range(2):
        ChatFactory.create(owner=one).send("Hi")

    assert ChatFactory.create(owner=other).send("Hi").created


def test_turns_that_race_for_the_last_places_get_no_more_than_there_are(api: Api, owner: Any, settings: Any) -> None:
    settings.CHATTABLE = {**settings.CHATTABLE, "MAX_RUNNING": 5}
    chats = iter([ChatFactory.create(owner=owner) for _ in range(12)])

    answers = at_once(lambda: send(api, next(chats)), times=12)

    assert sorted(answer.status_code for answer in answers) == [201] * 5 + [429] * 7
    assert Run.objects.count() == Message.objects.filter(role="assistant").count() == 5


# F08: waits that the provider asks for, and requests that multiply.

BUSY: list[Step] = [b'{"error":{"message":"Slow down","code":"rate_limit_exceeded"}}']
# Longer than any pause of our own before the second request.
WAIT = 0.6


@pytest.fixture
def sweeper(hire: Hire, settings: Any) -> Worker:
    """A worker that queues again what is due, and would not look for anything else during a test."""
    settings.CHATTABLE = {**settings.CHATTABLE, "SWEEP_SECONDS": 600, "REQUEUE_SECONDS": 600}
    worker = hire()
    worker.start()
    return worker


def busy(provider: FakeOpenAI, wait: object = WAIT, *, status: int = 429, times: int | None = 1) -> None:
    """The provider asks to be left alone for a while."""
    provider.script("m", BUSY, status=status, headers={"retry-after": str(wait)}, times=times)


def waiting(answer: Message, worker: Worker) -> Message:
    """The answer once it waits for the provider, and its worker for nothing."""
    answer = worker.answer(answer)
    assert (answer.status, answer.error, run_of(answer).worker) == (Status.QUEUED, "", None)
    assert answer.retry_at == run_of(answer).due_at is not None
    return answer


def ended(answer: Message, worker: Worker) -> Message:
    """The answer once it is final, whatever has to be taken from the queue for that."""

    def is_final() -> bool:
        worker.take_queued()
        return not fresh(answer).is_running

    until(is_final, timeout=30)
    return worker.settle(answer)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("wait", ["1.5", "date"])
def test_while_the_provider_asks_to_wait_the_worker_is_free_and_then_asks_again(
    chat: Chat, sweeper: Worker, provider: FakeOpenAI, wait: str, status: int
) -> None:
    then = int(time.time() + 3)
    busy(provider, formatdate(then, usegmt=True) if wait == "date" else wait, status=status)
    provider.script("m", [text("Hi"), END])
    answer = chat.send("Hello?").answer

    answer = waiting(answer, sweeper)
    assert answer.retry_at
    assert 0 < (answer.retry_at - timezone.now()).total_seconds() < 3
    other = ChatFactory.create().send("Hello?", model="count-n3-r0").answer
    assert sweeper.answer(other).content == "1 2 3 "
    assert len(provider.requests) == 2

    answer = ended(answer, sweeper)
    first, _, second = provider.requests
    assert (answer.status, answer.content, answer.rev, answer.retry_at) == (Status.COMPLETE, "Hi", 0, None)
    assert (run_of(answer).attempts, run_of(answer).requests, run_of(answer).due_at) == (1, 2, None)
    assert second.started >= (then if wait == "date" else first.started + 1.5)


def test_readers_are_told_when_the_provider_will_be_asked_again(
    chat: Chat, sweeper: Worker, provider: FakeOpenAI
) -> None:
    busy(provider)
    provider.script("m", [text("Hi"), END])
    with listening(chat.group) as listener:
        answer = waiting(chat.send("Hello?").answer, sweeper)
        shown = Api(chat.owner).get(f"/api/messages/{answer.pk}/").json()
        ended(answer, sweeper)
        until(lambda: listener.events[-1].get("message", {}).get("status") == "complete")

    assert answer.retry_at
    assert (shown["status"], datetime.fromisoformat(shown["retry_at"])) == ("queued", answer.retry_at)
    changes = [event["message"] for event in listener.events if event["type"] == "message.updated"]
    assert [(change["status"], bool(change["retry_at"])) for change in changes] == [
        ("streaming", False),
        ("queued", True),
        ("streaming", False),
        ("complete", False),
    ]


def test_a_provider_that_is_always_busy_is_asked_three_times_and_no_more(
    chat: Chat, sweeper: Worker, provider: FakeOpenAI
) -> None:
    busy(provider, 1.2, times=None)

    answer = ended(chat.send("Hello?").answer, sweeper)

    assert (answer.status, answer.error) == (Status.FAILED, "rate_limited")
    assert answer.retry_at
    assert (run_of(answer).requests, run_of(answer).attempts, len(provider.requests)) == (3, 1, 3)
    assert "Slow down" in run_of(answer).error


def test_waiting_is_no_attempt(chat: Chat, sweeper: Worker, provider: FakeOpenAI, settings: Any) -> None:
    settings.CHATTABLE = {**settings.CHATTABLE, "MAX_ATTEMPTS": 1, "MAX_REQUESTS": 5}
    for wait in (0.6, 1.1, 2.1):
        busy(provider, wait)
    provider.script("m", [text("Hi"), END])

    answer = ended(chat.send("Hello?").answer, sweeper)

    assert (answer.content, run_of(answer).attempts, run_of(answer).requests) == ("Hi", 1, 4)


@pytest.mark.parametrize(("status", "code"), [(429, "rate_limited"), (503, "provider_error")])
@pytest.mark.parametrize("wait", ["3600", "date", "1e300"])
def test_a_wait_beyond_the_cap_fails_and_says_when_to_come_back(
    chat: Chat, worker: Worker, provider: FakeOpenAI, wait: str, status: int, code: str
) -> None:
    busy(provider, formatdate(time.time() + 3600, usegmt=True) if wait == "date" else wait, status=status)

    answer = worker.answer(chat.send("Hello?").answer)
    shown = Api(chat.owner).get(f"/api/messages/{answer.pk}/").json()

    assert (answer.status, shown["error"]["code"], len(provider.requests)) == (Status.FAILED, code, 1)
    if wait == "1e300":
        assert (answer.retry_at, shown["error"]["detail"]) == (None, str(ANSWER_ERRORS[code]))
    else:
        assert answer.retry_at
        assert 3500 < (answer.retry_at - timezone.now()).total_seconds() <= 3600
        assert f"{answer.retry_at:%H:%M:%S} UTC" in shown["error"]["detail"]


@pytest.mark.parametrize("status", [401, 403])
def test_a_bad_key_is_tried_once_and_named_to_the_operator(
    chat: Chat, worker: Worker, provider: FakeOpenAI, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    provider.script("m", [b'{"error": {"message": "No"}}'], status=status, headers={"retry-after": "1"})

    answer = worker.answer(chat.send("Hello?").answer)

    assert (answer.status, answer.error, len(provider.requests)) == (Status.FAILED, "provider_auth", 1)
    assert answer.retry_at is None
    assert "The API key is refused; set OPENAI_API_KEY" in caplog.text
    assert "The API key is refused" in run_of(answer).error


# The end of a wait.


@pytest.mark.parametrize("by", ["a person", "the sweep"])
def test_a_wait_is_stopped_at_once(chat: Chat, hire: Hire, provider: FakeOpenAI, by: str) -> None:
    busy(provider, 20)
    answer = waiting(chat.send("Hello?").answer, hire())

    if by == "a person":
        answer.stop()
    else:
        Run.objects.update(stop_requested_at=Now())
        Run.objects.sweep()

    answer = fresh(answer)
    assert (answer.status, answer.retry_at, len(provider.requests)) == (Status.STOPPED, None, 1)
    assert run_of(answer).finished_at
    assert hire().answer(answer).status == Status.STOPPED


def test_a_stop_while_the_provider_says_that_it_is_busy_ends_the_answer(
    chat: Chat, worker: Worker, provider: FakeOpenAI, settings: Any
) -> None:
    settings.CHATTABLE = {**settings.CHATTABLE, "HEARTBEAT_SECONDS": 60, "LEASE_SECONDS": 200}
    provider.script("m", [{"delay": 0.7}, *BUSY], status=429, headers={"retry-after": "20"}, late_head=True)
    answer = chat.send("Hello?").answer
    worker.take(answer)
    until(lambda: provider.requests)

    answer.stop()

    assert answer.status == Status.STREAMING, "its worker holds it, and has yet to hear of the stop"
    answer = worker.settle(answer)
    assert (answer.status, answer.retry_at) == (Status.STOPPED, None)


def test_a_chat_deleted_during_a_wait_is_not_asked_for(
    chat: Chat, sweeper: Worker, provider: FakeOpenAI, caplog: pytest.LogCaptureFixture
) -> None:
    busy(provider)
    run = run_of(waiting(chat.send("Hello?").answer, sweeper))

    chat.delete()

    time.sleep(WAIT + 0.3)  # nothing is to happen
    assert (queued().count(run.pk), Run.objects.claim(run.pk, uuid.uuid4()), len(provider.requests)) == (1, None, 1)
    assert [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []


def test_a_turn_behind_a_wait_has_its_turn(chat: Chat, sweeper: Worker, provider: FakeOpenAI) -> None:
    busy(provider)
    provider.script("m", [text("Hi"), END])
    waiting(chat.send("Hello?").answer, sweeper)
    second = chat.send("Go on").answer

    assert ended(second, sweeper).content == "Hi"

    assert [len(request.body["messages"]) for request in provider.requests] == [1, 1, 3]


def test_without_a_worker_an_answer_waits_too(chat: Chat, provider: FakeOpenAI) -> None:
    busy(provider)
    provider.script("m", [text("Hi"), END])
    chat.messages.create(role="user", content="Hello?")

    answer = chat.run()

    first, second = provider.requests
    assert (answer.status, answer.content, queued()) == (Status.COMPLETE, "Hi", [])
    assert second.started >= first.started + WAIT


def test_when_its_worker_has_died_any_sweep_ends_the_wait(chat: Chat, hire: Hire, provider: FakeOpenAI) -> None:
    busy(provider, 1)
    provider.script("m", [text("Hi"), END])
    dead = hire()
    answer = waiting(chat.send("Hello?").answer, dead)
    dead.close()
    Run.objects.update(queued_at=Now() - timedelta(hours=1))

    assert Run.objects.sweep() == [], "a run that waits is not forgotten"
    assert Run.objects.claim(run_of(answer).pk, uuid.uuid4()) is None
    until(lambda: Run.objects.sweep() == [run_of(answer).pk])

    assert Run.objects.sweep() == [], "it is in the queue by now"
    assert hire().answer(answer).content == "Hi"


def test_a_clock_that_was_set_back_does_not_make_a_wait_endless(
    chat: Chat, worker: Worker, provider: FakeOpenAI
) -> None:
    provider.script("m", [text("Hi"), END])
    answer = chat.send("Hello?").answer
    Run.objects.update(due_at=Now() + timedelta(seconds=29))
    assert Run.objects.claim(run_of(answer).pk, uuid.uuid4()) is None
    assert Run.objects.sweep() == []

    Run.objects.update(due_at=Now() + timedelta(hours=1))

    assert Run.objects.sweep() == [run_of(answer).pk]
    Run.objects.update(due_at=Now() + timedelta(hours=1))
    assert worker.answer(answer).content == "Hi"


# The requests of workers that died.


def die(answer: Message, *, requests: int = 1, content: str = "") -> None:
    """A worker sends so many requests and dies."""
    worker = uuid.uuid4()
    job = Run.objects.claim(run_of(answer).pk, worker)
    assert job
    assert Run.objects.count_request(job, requests)
    Run.objects.checkpoint(worker, [Text(answer.pk, content, "", job.rev)])
    Run.objects.filter(message=answer).update(lease_expires_at=Now() - timedelta(seconds=1))


@pytest.mark.parametrize("before", [1, 2])
def test_the_requests_of_a_worker_that_died_count(
    chat: Chat, worker: Worker, provider: FakeOpenAI, before: int
) -> None:
    provider.script("m", [b"oops"], status=503)
    answer = chat.send("Hello?").answer
    die(answer, requests=before)

    answer = worker.answer(answer)

    assert (answer.status, answer.error, len(provider.requests)) == (Status.FAILED, "provider_error", 3 - before)
    assert run_of(answer).requests == 3


def test_after_the_last_request_nobody_takes_an_answer_over(chat: Chat, worker: Worker, provider: FakeOpenAI) -> None:
    answer = chat.send("Hello?").answer
    die(answer, requests=3, content="So far")

    assert worker.answer(answer).status == Status.STREAMING
    assert Run.objects.sweep() == []

    answer = fresh(answer)
    assert (answer.status, answer.error, answer.content) == (Status.FAILED, "worker_lost", "So far")
    assert provider.requests == []


def test_a_request_is_counted_before_it_is_sent(chat: Chat, worker: Worker, provider: FakeOpenAI) -> None:
    provider.script("m", [b"oops"], status=503, times=2)
    provider.script("m", [{"hang": True}], late_head=True)
    answer = chat.send("Hello?").answer
    worker.take(answer)

    for sent in (1, 2, 3):
        until(lambda sent=sent: len(provider.requests) == sent)  # type: ignore[misc]
        assert run_of(answer).requests == sent


def test_a_worker_that_lost_the_answer_sends_no_more_requests(
    chat: Chat, worker: Worker, provider: FakeOpenAI, settings: Any
) -> None:
    settings.CHATTABLE = {**settings.CHATTABLE, "HEARTBEAT_SECONDS": 60, "LEASE_SECONDS": 200}
    provider.script("m", [{"delay": 0.5}, b"oops"], status=503, late_head=True)
    answer = chat.send("Hello?").answer
    worker.take(answer)
    until(lambda: provider.requests)

    Run.objects.update(worker=uuid.uuid4())

    answer = worker.settle(answer)
    assert (answer.status, len(provider.requests)) == (Status.STREAMING, 1)


def test_a_takeover_that_has_to_wait_keeps_the_old_text(chat: Chat, sweeper: Worker, provider: FakeOpenAI) -> None:
    busy(provider, 1.1)
    provider.script("m", [text("New"), END])
    answer = chat.send("Hello?").answer
    die(answer, content="Old")

    answer = waiting(answer, sweeper)

    assert (answer.content, answer.rev) == ("Old", 0)
    answer = ended(answer, sweeper)
    assert (answer.content, answer.rev, run_of(answer).attempts, run_of(answer).requests) == ("New", 2, 2, 3)
