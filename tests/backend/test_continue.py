"""An answer that was cut short goes on: beside it, from its last character, whoever writes it."""

import uuid
from typing import Any

import pytest

from backend.api import Api, at_once, everything, queued
from backend.factories import ChatFactory, MessageFactory
from backend.listener import listening, wait_until
from backend.workers import Hire, fresh, run_of, until
from chattable import events
from chattable.conf import settings as chattable
from chattable.models import Chat, Message, Run, Status
from chattable.runner import Text
from fake_openai import DONE, END, FakeOpenAI, Step, delta, finish, text

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("impatient")]

CUT: list[dict[str, Any]] = [
    {"status": "complete", "finish_reason": "length"},
    {"status": "stopped"},
    {"status": "failed", "error": "provider_incomplete"},
]
WHOLE: list[dict[str, Any]] = [
    {"status": "complete", "finish_reason": "stop"},
    {"status": "complete", "finish_reason": "content_filter"},
    {"status": "complete", "finish_reason": "tool_calls"},
    {"status": "stopped", "content": ""},
    {"status": "failed", "content": " \n"},
    {"status": "complete", "finish_reason": "length", "content": ""},
    {"role": "user"},
]


def cut_in(chat: Chat, **fields: Any) -> Message:
    """An answer of the chat's that was cut short."""
    MessageFactory.create(chat=chat, content="Count to six.")
    given: dict[str, Any] = {
        "role": "assistant",
        "content": "One, two, ",
        "reasoning": "Easy.",
        "model": "m",
        "status": "stopped",
    }
    return MessageFactory.create(chat=chat, **{**given, **fields})


def go_on(api: Api, answer: Message, **body: Any) -> dict[str, Any]:
    made = api.post(f"/api/messages/{answer.id}/continue/", body)
    assert made.status_code == 201, made.json()
    return made.json()  # type: ignore[no-any-return]


def prompt(provider: FakeOpenAI) -> list[tuple[str, str]]:
    """What the last request told the model."""
    return [(message["role"], message["content"]) for message in provider.requests[-1].body["messages"]]


@pytest.mark.parametrize("fields", CUT, ids=lambda fields: fields.get("finish_reason") or fields["status"])
def test_a_cut_answer_goes_on_beside_the_first(
    api: Api, owner: Any, hire: Hire, provider: FakeOpenAI, fields: dict[str, Any]
) -> None:
    provider.script("m", [delta(reasoning_content="Go."), text("three, "), text("four."), END])
    chat = ChatFactory.create(owner=owner, instructions="Be brief.")
    answer = cut_in(chat, **fields)
    before = fresh(answer)

    made = go_on(api, answer)

    assert (made["content"], made["reasoning"], made["status"]) == ("One, two, ", "Easy.\n\n", "queued")
    assert (made["parent"], made["model"], made["finish_reason"]) == (str(answer.parent_id), "m", "")
    whole = hire().answer(Message.objects.get(pk=made["id"]))
    assert (whole.content, whole.reasoning) == ("One, two, three, four.", "Easy.\n\nGo.")
    assert (whole.status, whole.finish_reason) == (Status.COMPLETE, "stop")
    assert prompt(provider) == [
        ("system", "Be brief."),
        ("user", "Count to six."),
        ("assistant", "One, two, "),
        ("user", chattable.CONTINUE_PROMPT),
    ]
    page = api.get(f"/api/chats/{chat.id}/messages/").json()
    assert page["results"][-1]["id"] == made["id"]
    assert page["siblings"][made["id"]] == [str(answer.id), made["id"]]
    assert fresh(answer) == before
    assert (fresh(answer).content, fresh(answer).version) == (before.content, before.version)


def test_what_was_continued_can_be_continued_and_the_next_turn_knows_all_of_it(
    api: Api, owner: Any, hire: Hire, provider: FakeOpenAI
) -> None:
    for said, reason in (("three, ", "length"), ("four.", "stop")):
        provider.script("m", [text(said), finish(reason), DONE], times=1)
    provider.script("m", [text("Done."), END])
    answer = cut_in(ChatFactory.create(owner=owner))
    worker = hire()
    for _ in range(2):
        answer = worker.answer(Message.objects.get(pk=go_on(api, answer)["id"]))
    assert answer.content == "One, two, three, four."
    assert prompt(provider)[1:] == [("assistant", "One, two, three, "), ("user", chattable.CONTINUE_PROMPT)]

    worker.answer(Chat.objects.get().send("Thanks!", model="m").answer)

    assert prompt(provider)[1:] == [("assistant", "One, two, three, four."), ("user", "Thanks!")]


def test_a_provider_that_goes_on_by_itself_is_told_nothing_more(
    api: Api, owner: Any, hire: Hire, provider: FakeOpenAI, settings: Any
) -> None:
    settings.CHATTABLE = {**settings.CHATTABLE, "CONTINUE_PROMPT": ""}
    provider.script("m", [text("three."), END])

    hire().answer(Message.objects.get(pk=go_on(api, cut_in(ChatFactory.create(owner=owner)))["id"]))

    assert prompt(provider) == [("user", "Count to six."), ("assistant", "One, two, ")]


def test_readers_see_the_text_grow_behind_what_was_copied(
    api: Api, owner: Any, hire: Hire, provider: FakeOpenAI
) -> None:
    provider.script("m", [text("three, "), {"delay": 0.1}, text("four."), END])
    answer = cut_in(ChatFactory.create(owner=owner))

    with listening(events.owner_group(owner)) as listener:
        made = go_on(api, answer)
        hire().answer(Message.objects.get(pk=made["id"]))
        wait_until(lambda: listener.fold.messages.get(made["id"], {}).get("status") == "complete", seconds=20)

    deltas = [event for event in listener.events if event["type"] == "delta"]
    assert deltas[0]["content"][0] == len("One, two, ")
    assert listener.fold.messages[made["id"]]["content"] == "One, two, three, four."
    assert listener.fold.gaps == []


def test_another_attempt_begins_with_what_was_copied(api: Api, owner: Any, hire: Hire, provider: FakeOpenAI) -> None:
    provider.script("m", [text("three, "), {"delay": 0.1}, text("four."), END])
    answer = cut_in(ChatFactory.create(owner=owner))

    with listening(events.owner_group(owner)) as listener:
        made = Message.objects.get(pk=go_on(api, answer)["id"])
        dead = uuid.uuid4()
        job = Run.objects.claim(run_of(made).pk, dead)
        assert job
        job.message.append(content="lost ")
        Run.objects.checkpoint(dead, [Text(made.pk, "One, two, lost ", "Easy.", job.rev)])
        Run.objects.release(dead, [run_of(made).pk])
        whole = hire().answer(made)
        wait_until(lambda: listener.fold.messages[str(made.pk)]["status"] == "complete", seconds=20)

    assert (whole.content, whole.reasoning, whole.rev) == ("One, two, three, four.", "Easy.\n\n", 2)
    shown = listener.fold.messages[str(made.pk)]
    assert (shown["content"], shown["reasoning"], shown["rev"]) == ("One, two, three, four.", "Easy.\n\n", 2)
    assert listener.fold.gaps == []
    assert prompt(provider)[1] == ("assistant", "One, two, ")


def test_thoughts_that_turn_up_late_are_those_of_the_continuation_only(
    api: Api, owner: Any, hire: Hire, provider: FakeOpenAI
) -> None:
    provider.script("m", [text("Where was I? "), text("Three.</think>three."), END])
    made = go_on(api, cut_in(ChatFactory.create(owner=owner)))

    whole = hire().answer(Message.objects.get(pk=made["id"]))

    assert (whole.content, whole.reasoning) == ("One, two, three.", "Easy.\n\nWhere was I? Three.")


@pytest.mark.parametrize("own", [[], [delta(reasoning="Then "), {"delay": 0.2}, delta(reasoning="three.")]])
def test_the_time_of_thinking_goes_on_where_the_first_one_ended(
    api: Api, owner: Any, hire: Hire, provider: FakeOpenAI, own: list[Step]
) -> None:
    provider.script("m", [*own, text("three."), END])
    answer = cut_in(ChatFactory.create(owner=owner))
    Message.objects.filter(pk=answer.pk).update(reasoning_ms=5_000)
    made = go_on(api, answer)
    assert made["reasoning_ms"] == 5_000

    whole = hire().answer(Message.objects.get(pk=made["id"]))

    assert whole.reasoning_ms is not None
    assert (whole.reasoning_ms >= 5_150) if own else (whole.reasoning_ms == 5_000)


@pytest.mark.parametrize("end", ["stop", "fail"])
def test_a_continuation_that_brings_nothing_keeps_the_text(
    api: Api, owner: Any, hire: Hire, provider: FakeOpenAI, end: str
) -> None:
    provider.script("m", [{"hang": True}] if end == "stop" else [b"{}"], status=200 if end == "stop" else 401)
    made = Message.objects.get(pk=go_on(api, cut_in(ChatFactory.create(owner=owner)))["id"])
    worker = hire()
    worker.take(made)
    if end == "stop":
        until(lambda: provider.requests, timeout=20)
        api.post(f"/api/messages/{made.id}/stop/")

    ended = worker.settle(made)

    assert (ended.status, ended.content) == ("stopped" if end == "stop" else "failed", "One, two, ")
    assert go_on(api, ended)["content"] == "One, two, "


def test_the_same_continuation_many_times_at_once_is_one_answer(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner)
    answer = cut_in(chat)
    same = {"id": str(uuid.uuid4())}

    made = at_once(lambda: api.post(f"/api/messages/{answer.id}/continue/", same), times=6)

    assert {answer.status_code for answer in made} == {201}
    assert {answer.json()["id"] for answer in made} == {same["id"]}
    assert chat.messages.count() == 3
    assert len(queued()) == 1


def test_an_id_of_something_else_is_refused(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner)
    answer = cut_in(chat)
    again = api.post(f"/api/messages/{answer.id}/regenerate/").json()
    goes_on = go_on(api, answer)
    other = cut_in(chat)
    before = everything()

    for path, taken in (
        (f"{answer.id}/continue/", again["id"]),
        (f"{answer.id}/continue/", str(answer.id)),
        (f"{answer.id}/regenerate/", goes_on["id"]),
        (f"{other.id}/continue/", goes_on["id"]),
    ):
        refused = api.post(f"/api/messages/{path}", {"id": taken})
        assert (refused.status_code, refused.json()["code"]) == (409, "id_conflict")
    assert everything() == before


@pytest.mark.parametrize("fields", WHOLE, ids=lambda fields: "-".join(str(value).strip() for value in fields.values()))
def test_what_was_not_cut_short_is_not_continued(api: Api, owner: Any, fields: dict[str, Any]) -> None:
    answer = cut_in(ChatFactory.create(owner=owner), **fields)
    before = everything()

    refused = api.post(f"/api/messages/{answer.id}/continue/")

    assert (refused.status_code, refused.json()["code"]) == (409, "not_cut_short")
    assert (everything(), queued()) == (before, [])


@pytest.mark.parametrize("status", ["queued", "streaming"])
def test_a_running_answer_is_not_continued(api: Api, owner: Any, status: str) -> None:
    answer = cut_in(ChatFactory.create(owner=owner), status=status)

    refused = api.post(f"/api/messages/{answer.id}/continue/")

    assert (refused.status_code, refused.json()["code"]) == (409, "still_running")


def test_a_model_must_be_offered(api: Api, owner: Any, settings: Any) -> None:
    settings.CHATTABLE = {**settings.CHATTABLE, "MODEL": "a", "MODELS": ["a", "b"]}
    answer = cut_in(ChatFactory.create(owner=owner), model="retired")
    path = f"/api/messages/{answer.id}/continue/"

    for body in ({}, {"model": "c"}):
        refused = api.post(path, body)
        assert refused.json()["fields"]["model"][0]["code"] == "unknown_model"
    assert go_on(api, answer, model="b")["model"] == "b"


def test_a_continuation_outlives_what_it_continues(api: Api, owner: Any, hire: Hire, provider: FakeOpenAI) -> None:
    provider.script("m", [text("three."), END])
    answer = cut_in(ChatFactory.create(owner=owner))
    made = Message.objects.get(pk=go_on(api, answer)["id"])
    answer.delete()

    assert hire().answer(made).content == "One, two, three."
