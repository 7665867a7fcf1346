"""Turns that wait for their answer: they are changed and withdrawn until a worker has begun, and not a moment later."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from backend.api import Api, at_once, empty_queue, everything, queued
from backend.factories import ChatFactory, MessageFactory
from backend.listener import listening, wait_until
from backend.workers import Hire, Worker, fresh, run_of, until
from chattable.models import Chat, Message, Run, Status
from fake_openai import END, FakeOpenAI, text

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick")]


@pytest.fixture
def chat(owner: Any) -> Chat:
    return ChatFactory.create(owner=owner)


@pytest.fixture
def running(chat: Chat, worker: Worker, provider: FakeOpenAI) -> Message:
    """An answer of the chat's that grows until it is stopped."""
    provider.script("m", [text("One "), {"hang": True}], times=1)
    provider.script("m", [text("Yes."), END])
    answer = chat.send("Count").answer
    worker.take_queued()
    until(lambda: fresh(answer).content)
    return answer


def path_to(turn: Message) -> str:
    return f"/api/messages/{turn.pk}/"


def contents(api: Api, chat: Chat) -> list[str]:
    return [message["content"] for message in api.get(f"/api/chats/{chat.pk}/messages/").json()["results"]]


def asked(provider: FakeOpenAI) -> list[str]:
    return [message["content"] for message in provider.requests[-1].body["messages"]]


def end(running: Message, worker: Worker) -> None:
    """Stop the answer, and let all that waited for it have its turn, one after another."""
    running.stop()
    worker.settle(running)
    while queued():
        worker.take_queued()
        worker.settle(running)


def test_a_waiting_turn_is_changed_and_answered_as_it_is_then(
    api: Api, chat: Chat, running: Message, worker: Worker, provider: FakeOpenAI
) -> None:
    waiting = chat.send("Go on")
    with listening(chat.group) as listener:
        changed = api.patch(path_to(waiting.message), {"content": "Go up"})

        assert changed.status_code == 200
        assert (changed.json()["content"], changed.json()["rev"]) == ("Go up", 1)
        assert changed.json() == api.get(path_to(waiting.message)).json()
        wait_until(lambda: listener.events)
    # The same length, so that only its `rev` tells other pages that it is another text.
    [event] = listener.events
    assert (event["type"], event["message"]["content_length"], event["message"]["rev"]) == ("message.updated", 5, 1)
    assert listener.fold.gaps == [str(waiting.message.pk)]
    end(running, worker)
    assert asked(provider) == ["Count", "One ", "Go up"]
    assert contents(api, chat) == ["Count", "One ", "Go up", "Yes."]


def test_what_waits_behind_a_withdrawn_turn_takes_its_place(
    api: Api, chat: Chat, running: Message, worker: Worker, provider: FakeOpenAI
) -> None:
    first, second, third = (chat.send(content) for content in ("Two", "Three", "Four"))
    with listening(chat.group) as listener:
        assert api.delete(path_to(second.message)).status_code == 204
        wait_until(lambda: len(listener.events) == 3)

    assert [(event["type"], event["message"]["id"]) for event in listener.events] == [
        ("message.deleted", str(second.message.pk)),
        ("message.deleted", str(second.answer.pk)),
        ("message.updated", str(third.message.pk)),
    ]
    assert fresh(third.message).parent_id == first.answer.pk
    assert api.get(path_to(second.message)).status_code == 404
    assert api.delete(path_to(second.message)).status_code == 404
    end(running, worker)
    assert asked(provider) == ["Count", "One ", "Two", "Yes.", "Four"]
    assert contents(api, chat) == ["Count", "One ", "Two", "Yes.", "Four", "Yes."]


def test_the_path_ends_where_it_did_before_a_withdrawn_turn(
    api: Api, chat: Chat, running: Message, worker: Worker
) -> None:
    last = chat.send("Go on")
    with listening(chat.group) as listener:
        api.delete(path_to(last.message))
        wait_until(lambda: len(listener.events) == 3)

    assert listener.events[-1]["type"] == "chat.updated"
    assert listener.events[-1]["chat"]["current_leaf"] == str(running.pk)
    assert contents(api, chat)[0] == "Count"
    assert len(contents(api, chat)) == 2
    end(running, worker)
    assert (Message.objects.count(), Run.objects.count()) == (2, 1)


def test_a_chat_may_lose_its_only_turn_and_what_waits_behind_that_begins_it(
    api: Api, chat: Chat, worker: Worker, provider: FakeOpenAI
) -> None:
    provider.script("m", [text("Yes."), END])
    first = chat.send("One")
    second = chat.send("Two")
    empty_queue()

    api.delete(path_to(first.message))

    assert queued() == [run_of(second.answer).pk]
    worker.take_queued()
    assert worker.settle(second.answer).content == "Yes."
    assert asked(provider) == ["Two"]
    third = chat.send("Three")
    api.delete(path_to(third.message))
    assert contents(api, chat) == ["Two", "Yes."]


def begun(chat: Chat, worker: Worker) -> Message:
    answer = chat.send("x", model="slow").answer
    worker.take_queued()
    until(lambda: fresh(answer).status == Status.STREAMING)
    return chat.messages.get(pk=answer.parent_id)  # type: ignore[no-any-return]


def put_off(chat: Chat, worker: Worker) -> Message:
    turn = begun(chat, worker)
    Run.objects.update(worker=None, attempts=0, lease_expires_at=None)
    chat.messages.filter(parent=turn).update(status=Status.QUEUED)
    return turn


def stopped(chat: Chat, worker: Worker) -> Message:
    sent = chat.send("x")
    sent.answer.stop()
    return sent.message


def answered_twice(chat: Chat, worker: Worker) -> Message:
    turn = stopped(chat, worker)
    turn.children.get().regenerate()
    return turn


def unanswered(chat: Chat, worker: Worker) -> Message:
    return MessageFactory.create(chat=chat)


def an_answer(chat: Chat, worker: Worker) -> Message:
    return chat.send("x").answer


@pytest.mark.parametrize("make", [begun, put_off, stopped, answered_twice, unanswered, an_answer])
def test_nothing_else_is_changed_or_withdrawn(
    api: Api, chat: Chat, worker: Worker, provider: FakeOpenAI, make: Callable[[Chat, Worker], Message]
) -> None:
    provider.script("slow", [{"hang": True}])
    turn = make(chat, worker)
    before = everything()

    for refused in (api.patch(path_to(turn), {"content": "y"}), api.delete(path_to(turn))):
        assert (refused.status_code, refused.json()["code"]) == (409, "not_waiting")
    after = everything()
    for rows in (before["Run"], after["Run"]):
        # A heart may have beaten meanwhile.
        rows[:] = [{**row, "lease_expires_at": None} for row in rows]
    assert after == before


@pytest.mark.parametrize(
    ("body", "code"), [({}, "required"), ({"content": " \n"}, "blank"), ({"content": 1}, "invalid")]
)
def test_a_change_without_a_text_is_refused(api: Api, chat: Chat, body: dict[str, Any], code: str) -> None:
    sent = chat.send("x")
    refused = api.patch(path_to(sent.message), body)
    assert refused.status_code == 400
    assert refused.json()["fields"]["content"][0]["code"] == code
    assert fresh(sent.message).content == "x"


def together(*calls: Callable[[], Any]) -> list[Any]:
    """The results of these calls at the same moment, in no order."""
    rest = iter(calls)
    return at_once(lambda: next(rest)(), times=len(calls))


@pytest.mark.parametrize("verb", ["patch", "delete"])
def test_a_change_and_a_worker_at_the_same_moment_one_of_them_wins(api: Api, chat: Chat, verb: str) -> None:
    def race(turn: Message, run: Run) -> tuple[int, str]:
        """How the request ended, and what the worker tells the model, if it has the run."""
        results = together(
            lambda: getattr(api, verb)(path_to(turn), {"content": "after"}),
            lambda: Run.objects.claim(run.pk, uuid.uuid4()),
        )
        [response] = [result for result in results if hasattr(result, "status_code")]
        jobs = [result.prompt[-1]["content"] for result in results if hasattr(result, "prompt")]
        return response.status_code, jobs[0] if jobs else ""

    for _ in range(12):
        sent = chat.send("before")
        end = race(sent.message, run_of(sent.answer))
        kept = Message.objects.filter(pk=sent.message.pk).values_list("content", flat=True).first() or ""
        # A change may come first, too: then the worker has the new text.
        assert end in {"patch": [(200, "after"), (409, "before")], "delete": [(204, ""), (409, "before")]}[verb]
        assert kept == end[1]
        Chat.objects.filter(pk=chat.pk).update(current_leaf=None)
        Run.objects.all().delete()


def test_a_withdrawal_while_the_answer_before_ends_loses_nobodys_turn(
    api: Api, chat: Chat, hire: Hire, provider: FakeOpenAI
) -> None:
    def race(worker: Worker) -> None:
        first, second, third = (chat.send(content) for content in ("One", "Two", "Three"))
        empty_queue()
        together(lambda: worker.answer(first.answer), lambda: api.delete(path_to(second.message)))

        # Without a sweep: whoever comes last queues what may begin now.
        def is_done() -> bool:
            worker.take_queued()
            return worker.settle(third.answer).status == Status.COMPLETE

        until(is_done)
        kept = Message.objects.filter(pk=second.message.pk).exists()
        assert ("Two" in asked(provider)[-4:]) == kept

    provider.script("m", [text("Yes."), END])
    for _ in range(4):
        race(hire())
