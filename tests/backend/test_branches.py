"""A chat as a tree: nothing that was written or received is overwritten, and one path of it is shown."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from backend.api import Api, at_once, everything, queued
from backend.factories import ChatFactory, MessageFactory
from backend.listener import listening, wait_until
from backend.workers import Worker
from chattable import events
from chattable.models import Chat, Message, Run
from fake_openai import END, FakeOpenAI, text

pytestmark = pytest.mark.django_db(transaction=True)


def send(api: Api, chat: Chat, content: str, **body: Any) -> dict[str, Any]:
    """A turn that is taken, with its answer."""
    answer = api.post(f"/api/chats/{chat.id}/messages/", {"content": content, **body})
    assert answer.status_code == 201, answer.json()
    return answer.json()  # type: ignore[no-any-return]


def regenerate(api: Api, answer: dict[str, Any], **body: Any) -> dict[str, Any]:
    made = api.post(f"/api/messages/{answer['id']}/regenerate/", body)
    assert made.status_code == 201, made.json()
    return made.json()  # type: ignore[no-any-return]


def show(api: Api, message_id: str) -> dict[str, Any]:
    answer = api.post(f"/api/messages/{message_id}/show/")
    assert answer.status_code == 200, answer.json()
    return answer.json()  # type: ignore[no-any-return]


def page_of(api: Api, chat: Chat, **query: Any) -> dict[str, Any]:
    return api.get(f"/api/chats/{chat.id}/messages/", query).json()  # type: ignore[no-any-return]


def ids(page: dict[str, Any]) -> list[str]:
    return [message["id"] for message in page["results"]]


def end(answer: dict[str, Any]) -> None:
    """Let a worker have written the answer."""
    Run.objects.filter(message=answer["id"]).delete()
    Message.objects.get(pk=answer["id"]).finish("complete")


def turn(api: Api, chat: Chat, content: str, **body: Any) -> dict[str, Any]:
    """A turn with a whole answer."""
    sent = send(api, chat, content, **body)
    end(sent["answer"])
    return sent


# Siblings.


def test_only_messages_with_siblings_are_told_of_them_in_the_order_they_were_made(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner)
    first = turn(api, chat, "one")
    again = regenerate(api, first["answer"])
    end(again)
    second = turn(api, chat, "two")
    edited = turn(api, chat, "uno", parent=None)

    assert page_of(api, chat)["siblings"] == {
        edited["message"]["id"]: [first["message"]["id"], edited["message"]["id"]]
    }
    show(api, first["message"]["id"])
    assert page_of(api, chat)["siblings"] == {
        first["message"]["id"]: [first["message"]["id"], edited["message"]["id"]],
        again["id"]: [first["answer"]["id"], again["id"]],
    }
    assert page_of(api, chat, limit=2)["siblings"] == {}
    assert ids(page_of(api, chat))[-1] == second["answer"]["id"]


def test_a_root_is_not_the_sibling_of_another_chats_root(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner)
    turn(api, chat, "one")
    turn(api, ChatFactory.create(owner=owner), "one")

    assert page_of(api, chat)["siblings"] == {}


def test_siblings_cost_one_statement_a_page(api: Api, owner: Any) -> None:
    counts = []
    for turns in (2, 30):
        chat = ChatFactory.create(owner=owner)
        for number in range(turns):
            sent = turn(api, chat, str(number))
            regenerate(api, sent["answer"])
        page_of(api, chat)
        with CaptureQueriesContext(connection) as queries:
            assert page_of(api, chat, limit=100)["siblings"]
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 6  # session, person, perhaps team, chat, messages, siblings


# Showing a branch.


def test_a_branch_is_shown_as_far_as_it_went_last(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner)
    first = turn(api, chat, "one")
    old = turn(api, chat, "two")
    turn(api, chat, "three")
    new = turn(api, chat, "two, otherwise", parent=first["answer"]["id"])
    newest = turn(api, chat, "three, otherwise")
    elsewhere = turn(api, chat, "another beginning", parent=None)

    now = show(api, first["message"]["id"])

    assert now["current_leaf"] == newest["answer"]["id"]
    assert [message["content"] for message in page_of(api, chat)["results"]][::2] == [
        "one",
        "two, otherwise",
        "three, otherwise",
    ]
    assert show(api, old["message"]["id"])["current_leaf"] != newest["answer"]["id"]
    assert old["message"]["id"] in ids(page_of(api, chat))
    assert show(api, new["answer"]["id"])["current_leaf"] == newest["answer"]["id"]
    assert show(api, elsewhere["answer"]["id"])["current_leaf"] == elsewhere["answer"]["id"]


def test_what_is_shown_already_stays_as_it_is(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner)
    first = turn(api, chat, "one")
    turn(api, chat, "two")
    turn(api, chat, "two, otherwise", parent=first["answer"]["id"])
    chosen = show(api, page_of(api, chat)["siblings"][ids(page_of(api, chat))[2]][0])
    before = everything()

    for message_id in ids(page_of(api, chat)):
        assert show(api, message_id) == chosen
    assert everything() == before


def test_other_pages_are_told_which_path_is_shown(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner)
    first = turn(api, chat, "one")
    turn(api, chat, "uno", parent=None)

    with listening(events.owner_group(owner)) as listener:
        show(api, first["message"]["id"])
        wait_until(lambda: listener.events, seconds=20)

    [told] = listener.events
    assert told["type"] == "chat.updated"
    assert told["chat"]["id"] == str(chat.id)
    assert told["chat"]["current_leaf"] == first["answer"]["id"]


def test_to_show_a_branch_does_not_count_as_activity(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner)
    first = turn(api, chat, "one")
    turn(api, chat, "uno", parent=None)
    before = api.get(f"/api/chats/{chat.id}/").json()

    now = show(api, first["message"]["id"])

    assert now["active_at"] == before["active_at"]
    assert now["version"] > before["version"]


def test_many_pages_that_show_and_send_at_once_lose_nothing(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner)
    first = turn(api, chat, "one")
    second = turn(api, chat, "uno", parent=None)
    calls: list[Callable[[], Any]] = [
        *(lambda branch=branch: show(api, branch["message"]["id"]) for branch in (first, second) * 3),
        *(lambda: send(api, chat, "on") for _ in range(4)),
    ]
    waiting = iter(calls)

    at_once(lambda: next(waiting)(), times=len(calls))

    assert chat.messages.count() == 4 + 8
    chat.refresh_from_db()
    path = Message.objects.path(chat.current_leaf_id)
    assert path[0].content in ("one", "uno")
    assert not Message.objects.filter(parent=chat.current_leaf_id).exists()


# Editing.


def test_an_edited_turn_stands_beside_the_old_one(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner)
    first = turn(api, chat, "one")
    second = turn(api, chat, "two")

    edited = send(api, chat, "two, otherwise", parent=second["message"]["parent"])

    assert edited["branched"] is True
    assert first["branched"] is second["branched"] is False
    assert edited["message"]["parent"] == first["answer"]["id"]
    assert api.get(f"/api/messages/{second['message']['id']}/").json() == second["message"]
    assert ids(page_of(api, chat)) == [
        *(first[part]["id"] for part in ("message", "answer")),
        *(edited[part]["id"] for part in ("message", "answer")),
    ]


def test_a_stale_pages_turn_is_a_branch_and_says_so_each_time_it_is_sent(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner)
    first = turn(api, chat, "one")
    other_tab = turn(api, chat, "two", parent=first["answer"]["id"])
    body = {"id": str(uuid.uuid4()), "content": "two, unaware", "parent": first["answer"]["id"]}

    answers = [api.post(f"/api/chats/{chat.id}/messages/", body) for _ in range(2)]

    assert [(answer.status_code, answer.json()["branched"]) for answer in answers] == [(201, True), (200, True)]
    assert Message.objects.get(pk=other_tab["message"]["id"]).content == "two"
    assert page_of(api, chat)["siblings"][body["id"]] == [other_tab["message"]["id"], body["id"]]


@pytest.mark.parametrize("kind", ["unknown", "another chat", "a stranger's", "a turn", "a tool"])
def test_a_bad_parent_is_refused_by_its_field_and_nothing_is_kept(api: Api, owner: Any, kind: str) -> None:
    chat = ChatFactory.create(owner=owner)
    sent = turn(api, chat, "one")
    parent = {
        "unknown": uuid.uuid4(),
        "another chat": turn(api, ChatFactory.create(owner=owner), "one")["answer"]["id"],
        "a stranger's": MessageFactory.create(role="assistant").id,
        "a turn": sent["message"]["id"],
        "a tool": MessageFactory.create(chat=chat, role="tool").id,
    }[kind]
    before = everything(), queued()

    refused = api.post(f"/api/chats/{chat.id}/messages/", {"content": "two", "parent": str(parent)})

    assert refused.status_code == 400
    assert list(refused.json()["fields"]) == ["parent"]
    assert (everything(), queued()) == before


# All of it, with answers that really stream.


@pytest.fixture
def worker(settings: Settings, provider: FakeOpenAI) -> Iterator[Worker]:
    settings.CHATTABLE = {**settings.CHATTABLE, "HEARTBEAT_SECONDS": 0.1}
    provider.reset()
    worker = Worker()
    yield worker
    worker.close()


def answered(worker: Worker, answer: dict[str, Any]) -> Message:
    """The answer, once a worker has written it."""
    return worker.answer(Message.objects.get(pk=answer["id"]))


def asked(provider: FakeOpenAI) -> list[str]:
    """What the last request told the model."""
    return [message["content"] for message in provider.requests[-1].body["messages"]]


def test_whatever_is_edited_regenerated_and_chosen_nothing_disappears(
    api: Api, owner: Any, provider: FakeOpenAI, worker: Worker
) -> None:
    provider.script("tree", [text("Well."), END], times=5)
    provider.script("tree", [text("The sixth, "), {"delay": 1}, text("in two parts."), END], times=1)
    provider.script("tree", [text("Otherwise."), END])
    chat = ChatFactory.create(owner=owner, model="tree")
    turns = []
    for number in range(1, 7):
        turns.append(send(api, chat, f"Turn {number}"))
        worker.take_queued()
        if number < 6:
            worker.settle(Message.objects.get(pk=turns[-1]["answer"]["id"]))
    sixth = turns[-1]["answer"]

    # Turn 2 is edited while the sixth answer streams.
    provider.wait_for(lambda: len(provider.requests) == 6, timeout=20)
    edited = send(api, chat, "Turn 2, edited", parent=turns[1]["message"]["parent"])
    assert Message.objects.get(pk=sixth["id"]).is_running
    assert answered(worker, edited["answer"]).content == "Otherwise."
    assert asked(provider) == ["Turn 1", "Well.", "Turn 2, edited"]
    assert worker.settle(Message.objects.get(pk=sixth["id"])).content == "The sixth, in two parts."

    # One answer is regenerated five times, version 2 is chosen, and the page is read anew.
    versions = [edited["answer"]]
    for _ in range(5):
        versions.append(regenerate(api, versions[-1]))
        answered(worker, versions[-1])
    version_ids = [version["id"] for version in versions]
    assert page_of(api, chat)["siblings"][version_ids[-1]] == version_ids
    show(api, version_ids[1])
    page = page_of(api, chat)
    assert ids(page)[-1] == version_ids[1]
    assert page["siblings"] == {
        edited["message"]["id"]: [turns[1]["message"]["id"], edited["message"]["id"]],
        version_ids[1]: version_ids,
    }

    # A follow-up in the same instant as a regeneration.
    calls: Iterator[Callable[[], dict[str, Any]]] = iter(
        [lambda: send(api, chat, "And then?", parent=version_ids[1]), lambda: regenerate(api, versions[1])]
    )
    follow_up, again = sorted(at_once(lambda: next(calls)(), times=2), key=lambda made: "message" not in made)
    assert follow_up["message"]["parent"] == version_ids[1]
    assert answered(worker, again).content == "Otherwise."
    assert answered(worker, follow_up["answer"]).content == "Otherwise."
    assert asked(provider) == ["Turn 1", "Well.", "Turn 2, edited", "Otherwise.", "And then?"]

    before = everything()
    refused = api.post(f"/api/chats/{chat.id}/messages/", {"content": "x", "parent": str(uuid.uuid4())})
    assert refused.status_code == 400
    assert everything() == before

    # Six turns, the edited one and the follow-up, each with an answer, and six more versions of one.
    assert chat.messages.filter(role="user").count() == 8
    assert chat.messages.filter(role="assistant", status="complete").exclude(content="").count() == 8 + 6
    show(api, sixth["id"])
    assert [message["content"] for message in page_of(api, chat)["results"]][::2] == [
        f"Turn {number}" for number in range(1, 7)
    ]
