"""What one owner, and one answer, may take of a worker and of the provider, and how others fare meanwhile."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from backend.api import Api, at_once, everything, queued
from backend.factories import ChatFactory, UserFactory
from backend.workers import Worker, fresh, until
from chattable.exceptions import TooManyRunning
from chattable.models import Chat, Message, Run
from fake_openai import END, FakeOpenAI, text

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
