import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.urls import path
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from backend.api import Api, at_once, empty_queue, everything, queued
from backend.factories import ChatFactory, MessageFactory, UserFactory
from backend.private_valkey import Valkey
from chattable import catalogue, views
from chattable.models import Chat, Message, Run
from fake_openai import FakeOpenAI

pytestmark = pytest.mark.django_db(transaction=True)


def turn(api: Api, chat: Chat, content: str = "Hello?", **body: Any) -> dict[str, Any]:
    """What is answered to a turn that is taken."""
    answer = api.post(f"/api/chats/{chat.id}/messages/", {"content": content, **body})
    assert answer.status_code in (200, 201), answer.json()
    return answer.json()  # type: ignore[no-any-return]


def shown(api: Api, chat: Chat, **query: Any) -> dict[str, Any]:
    """Some messages of the path that is shown."""
    return api.get(f"/api/chats/{chat.id}/messages/", query).json()  # type: ignore[no-any-return]


def finish(answer: dict[str, Any], status: str = "complete") -> None:
    """Let a worker have written the answer."""
    Run.objects.filter(message=answer["id"]).update(finished_at=timezone.now())
    Message.objects.get(pk=answer["id"]).finish(status)


# Sending.


def test_a_turn_is_kept_and_its_answer_is_queued(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner, model="demo")

    sent = turn(api, chat, "  Hello?\n")

    message, answer = sent["message"], sent["answer"]
    assert (message["role"], message["content"], message["status"]) == ("user", "  Hello?\n", "complete")
    assert (answer["role"], answer["model"], answer["status"]) == ("assistant", "demo", "queued")
    assert (message["parent"], answer["parent"]) == (None, message["id"])
    assert queued() == [Run.objects.get().pk]
    now = api.get(f"/api/chats/{chat.id}/").json()
    assert now["current_leaf"] == answer["id"]
    assert now["active_at"] > chat.active_at.isoformat()
    assert api.get(f"/api/messages/{answer['id']}/").json() == answer
    page = shown(api, chat)
    whole = {"length": 2, "position": 0, "before": None, "after": None}
    assert page == {"results": [message, answer], "siblings": {}, **whole}


@pytest.mark.parametrize(
    ("wanted", "of_chat", "asked"), [("a", "b", "a"), ("", "b", "b"), ("", "", "c"), ("a", "", "a")]
)
def test_the_model_is_the_turns_or_the_chats_or_the_default(
    settings: Settings, wanted: str, of_chat: str, asked: str
) -> None:
    settings.CHATTABLE = {**settings.CHATTABLE, "MODEL": "c"}
    owner = UserFactory.create()

    sent = turn(Api(owner), ChatFactory.create(owner=owner, model=of_chat), model=wanted)

    assert sent["answer"]["model"] == asked == Run.objects.get().model


def test_the_same_turn_again_gets_the_same_two_back(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner)
    body = {"id": str(uuid.uuid4()), "content": "Hello?"}
    path = f"/api/chats/{chat.id}/messages/"

    first = api.post(path, body)
    finish(first.json()["answer"])
    again = api.post(path, body)

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["message"] == first.json()["message"]
    assert again.json()["answer"]["id"] == first.json()["answer"]["id"]
    assert again.json()["answer"]["status"] == "complete"
    assert chat.messages.count() == 2
    assert len(queued()) == 1


def test_the_same_turn_many_times_at_once_is_one_turn(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner)
    body = {"id": str(uuid.uuid4()), "content": "Hello?"}

    answers = at_once(lambda: api.post(f"/api/chats/{chat.id}/messages/", body), times=8)

    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({json.dumps(answer.json(), sort_keys=True) for answer in answers}) == 1
    assert chat.messages.count() == 2
    assert len(queued()) == 1


def test_the_same_id_in_two_chats_at_once_is_taken_once(api: Api, owner: Any) -> None:
    chats = iter([ChatFactory.create(owner=owner) for _ in range(4)])
    body = {"id": str(uuid.uuid4()), "content": "Hello?"}

    answers = at_once(lambda: api.post(f"/api/chats/{next(chats).id}/messages/", body), times=4)

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"id_conflict"}
    assert Message.objects.count() == 2
    assert len(queued()) == 1


def test_turns_at_once_follow_one_another(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner)

    at_once(lambda: turn(api, chat), times=6)

    chat.refresh_from_db()
    path = Message.objects.path(chat.current_leaf_id)
    assert [message.role for message in path] == ["user", "assistant"] * 6
    assert chat.version == 7
    assert len(queued()) == 6


def test_the_same_words_on_purpose_are_a_second_turn(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner)

    first, second = turn(api, chat, id=str(uuid.uuid4())), turn(api, chat, id=str(uuid.uuid4()))

    assert second["message"]["parent"] == first["answer"]["id"]
    assert chat.messages.count() == 4
    assert len(queued()) == 2


def test_an_id_of_another_message_is_refused(api: Api, owner: Any) -> None:
    chat, elsewhere = ChatFactory.create(owner=owner), ChatFactory.create(owner=owner)
    known = turn(api, chat)
    strange = MessageFactory.create()
    before = everything()

    for path_of, taken, content in (
        (chat, known["message"]["id"], "Other words"),
        (chat, known["answer"]["id"], "Hello?"),
        (elsewhere, known["message"]["id"], "Hello?"),
        (chat, str(strange.id), strange.content),
    ):
        refused = api.post(f"/api/chats/{path_of.id}/messages/", {"id": taken, "content": content})
        assert refused.status_code == 409
        assert refused.json() == {"code": "id_conflict", "detail": "This id belongs to another message."}
    assert everything() == before


def test_a_turn_continues_from_where_it_says(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner)
    first, second = turn(api, chat), turn(api, chat)

    assert second["message"]["parent"] == first["answer"]["id"]
    assert turn(api, chat, parent=first["answer"]["id"])["message"]["parent"] == first["answer"]["id"]
    assert turn(api, chat, parent=None)["message"]["parent"] is None
    [last] = shown(api, chat, limit=1)["results"]
    assert last["role"] == "assistant"


def test_a_turn_may_follow_a_system_message(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner)
    system = MessageFactory.create(chat=chat, role="system")

    assert turn(api, chat, parent=str(system.id))["message"]["parent"] == str(system.id)


def test_a_bad_parent_is_refused_in_the_same_words_whosever_it_is(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner)
    mine = turn(api, chat)
    elsewhere = turn(api, ChatFactory.create(owner=owner))["answer"]["id"]
    strange = MessageFactory.create(role="assistant").id
    before = everything(), queued()

    def refusal(parent: Any) -> Any:
        answer = api.post(f"/api/chats/{chat.id}/messages/", {"content": "Hello?", "parent": str(parent)})
        assert answer.status_code == 400
        return answer.json()

    unknown = refusal(uuid.uuid4())
    assert unknown["fields"]["parent"][0]["code"] == "unknown_parent"
    assert refusal(elsewhere) == refusal(strange) == unknown
    assert refusal(mine["message"]["id"])["fields"]["parent"][0]["code"] == "not_an_answer"
    assert (everything(), queued()) == before


BAD_TURNS: list[tuple[dict[str, Any], str]] = [
    ({}, "content required"),
    *(({"content": value}, "content invalid") for value in [1, 1.5, True, [], {}, ["Hello?"]]),
    ({"content": None}, "content null"),
    *(({"content": value}, "content blank") for value in ["", " ", "\n\t\u3000", "\x00", "\x00\x00 \x00"]),
    ({"content": "x" * 500_001}, "content max_length"),
    ({"content": "x" * 2**20}, "content max_length"),
    *(({"content": "x", "id": value}, "id invalid") for value in [1, True, "x", [], {}]),
    ({"content": "x", "id": None}, "id null"),
    *(({"content": "x", "parent": value}, "parent invalid") for value in [1, True, "x", "", [], {}]),
    *(({"content": "x", "model": value}, "model invalid") for value in [1, True, [], {}]),
    ({"content": "x", "model": None}, "model null"),
    ({"content": "x", "model": "x" * 201}, "model max_length"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("body", "code"), BAD_TURNS, ids=[code for _, code in BAD_TURNS])
def test_a_bad_turn_is_refused_by_field(body: dict[str, Any], code: str) -> None:
    chat = ChatFactory.create()
    empty_queue()

    answer = Api(chat.owner).post(f"/api/chats/{chat.id}/messages/", body)

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"
    assert [f"{name} {errors[0]['code']}" for name, errors in answer.json()["fields"].items()] == [code]
    assert not Message.objects.exists()
    assert not queued()


@pytest.mark.django_db
@pytest.mark.parametrize("body", ["", "{", "[]", "null", '"Hello?"', "[" * 100_000, '{"content": Infinity}'])
@pytest.mark.parametrize("path", ["/api/chats/{chat}/messages/", "/api/messages/{message}/regenerate/"])
def test_a_body_that_is_no_object_is_refused(path: str, body: str) -> None:
    answer = MessageFactory.create(role="assistant")
    before = everything()

    refused = Api(answer.chat.owner).post_text(path.format(chat=answer.chat_id, message=answer.id), body)

    if body or "chats" in path:
        assert refused.status_code == 400
        assert set(refused.json()) >= {"code", "detail"}
        assert everything() == before


def test_the_longest_message_is_kept_whole(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner)
    text = "🦀" * 500_000

    sent = turn(api, chat, text)["message"]

    assert sent["content_length"] == 500_000
    assert api.get(f"/api/messages/{sent['id']}/").json()["content"] == text
    assert api.post_text(f"/api/chats/{chat.id}/messages/", json.dumps({"content": text})).status_code == 201


def test_text_that_no_database_takes_is_dropped_and_the_rest_is_kept(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner)
    body = json.dumps({"content": "\x00a\x00b\ud800c\udc00\x00 😀", "model": "m\x00\ud83d"})

    sent = api.post_text(f"/api/chats/{chat.id}/messages/", body).json()

    message, answer = sent["message"], sent["answer"]
    assert message["content"] == "ab\ufffdc\ufffd 😀"
    assert message["content_length"] == len(message["content"])
    assert answer["model"] == "m\ufffd"
    assert shown(api, chat)["results"] == [message, answer]


def test_the_same_turn_with_dropped_text_again_is_the_same_turn(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner)
    body = {"id": str(uuid.uuid4()), "content": "a\x00b"}

    assert turn(api, chat, **body) == turn(api, chat, **body)
    assert chat.messages.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["limit=20%00", "before=%00", "around=a%00b", "after=%ED%A0%80"])
def test_a_query_with_nul_characters_is_no_accident(query: str) -> None:
    chat = ChatFactory.create()

    assert Api(chat.owner).get(f"/api/chats/{chat.id}/messages/?{query}").status_code in (200, 400)


def test_a_model_must_be_offered_where_the_operator_says_which(settings: Settings) -> None:
    chat = ChatFactory.create(model="retired")
    api, path = Api(chat.owner), f"/api/chats/{chat.id}/messages/"
    answer = MessageFactory.create(chat=chat, role="assistant")
    settings.CHATTABLE = {**settings.CHATTABLE, "MODEL": "a", "MODELS": ["a", "b"]}
    before = everything()

    for refused in (
        api.post(path, {"content": "Hello?", "model": "c"}),
        api.post(path, {"content": "Hello?"}),
        api.post(f"/api/messages/{answer.id}/regenerate/"),
        api.post(f"/api/messages/{answer.id}/regenerate/", {"model": "c"}),
    ):
        assert refused.status_code == 400
        assert refused.json()["fields"]["model"][0]["code"] == "unknown_model"
    assert everything() == before
    assert turn(api, chat, model="b")["answer"]["model"] == "b"


def test_a_turn_is_kept_once_while_the_queue_is_away_and_can_be_tried_again(valkey_down: Valkey) -> None:
    chat = ChatFactory.create()
    api = Api(chat.owner)
    body = {"id": str(uuid.uuid4()), "content": "Hello?"}

    sent, again = turn(api, chat, **body), turn(api, chat, **body)

    assert sent == again
    assert sent["answer"]["status"] == "failed"
    assert sent["answer"]["error"]["code"] == "queue_unavailable"
    assert "saved" in sent["answer"]["error"]["detail"]
    assert chat.messages.count() == 2
    assert api.get("/api/status/").json() == {"workers": 0}
    valkey_down.restart()
    retried = api.post(f"/api/messages/{sent['answer']['id']}/regenerate/")
    assert retried.json()["status"] == "queued"
    assert queued() == [Run.objects.get(message=retried.json()["id"]).pk]


@pytest.fixture
def one_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request is one transaction."""
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", True)


def after_the_view(settings: Settings, call: Callable[[], None]) -> None:
    """Make a call after the view that takes turns and before its transaction ends."""
    view = views.ChatMessageViewSet.as_view({"post": "create"})

    def longer(*args: Any, **kwargs: Any) -> Any:
        answer = view(*args, **kwargs)
        call()
        return answer

    settings.ROOT_URLCONF = (path("api/chats/<str:id>/messages/", longer),)


def test_nothing_is_queued_before_the_commit_of_a_request_in_one_transaction(
    settings: Settings, one_transaction: None
) -> None:
    chat = ChatFactory.create()
    empty_queue()
    seen: list[Any] = []
    after_the_view(settings, lambda: seen.extend((Run.objects.count(), queued())))

    turn(Api(chat.owner), chat)

    assert seen == [1, []]
    assert queued() == [Run.objects.get().pk]


def test_nothing_is_queued_by_a_request_that_is_rolled_back(settings: Settings, one_transaction: None) -> None:
    chat = ChatFactory.create()
    empty_queue()
    api = Api(chat.owner)
    before = everything()

    def fail() -> None:
        raise ZeroDivisionError

    after_the_view(settings, fail)
    with pytest.raises(ZeroDivisionError):
        turn(api, chat)

    assert queued() == []
    assert everything() == before


def test_a_repeat_in_one_transaction_gets_the_same_two_back(one_transaction: None) -> None:
    chat = ChatFactory.create()
    api = Api(chat.owner)
    body = {"id": str(uuid.uuid4()), "content": "Hello?"}
    made = {"id": str(uuid.uuid4())}

    assert turn(api, chat, **body) == turn(api, chat, **body)
    assert [api.post("/api/chats/", made).status_code for _ in range(2)] == [201, 200]
    assert api.post("/api/chats/", {"id": str(ChatFactory.create().id)}).status_code == 409


def test_sending_costs_the_same_in_a_short_chat_and_in_a_long_one() -> None:
    short, long = ChatFactory.create(), ChatFactory.create()
    path_of(long, 60)
    counts = []
    for chat in (short, long, long):
        api = Api(chat.owner)
        api.get("/api/chats/")
        with CaptureQueriesContext(connection) as queries:
            turn(api, chat)
        counts.append(len([query for query in queries if "SAVEPOINT" not in query["sql"]]))
    assert counts[0] == counts[1] == counts[2] <= 12


# Reading the path that is shown.


def path_of(chat: Chat, number: int) -> list[Message]:
    """A path of messages, turn by turn, all of the same instant."""
    now = timezone.now() - timedelta(days=1)
    messages = [
        Message(chat=chat, role=("user", "assistant")[index % 2], content=f"{index}", version=1, created_at=now)
        for index in range(number)
    ]
    for parent, message in pairwise(messages):
        message.parent = parent
    Message.objects.bulk_create(messages)
    chat.current_leaf = messages[-1]
    chat.save(update_fields=["current_leaf"])
    return messages


def ids(page: dict[str, Any]) -> list[str]:
    return [message["id"] for message in page["results"]]


@pytest.mark.django_db
@pytest.mark.parametrize("number", [1, 6, 7, 8, 20])
def test_the_path_is_read_backwards_page_by_page(api: Api, owner: Any, number: int) -> None:
    chat = ChatFactory.create(owner=owner)
    expected = [str(message.id) for message in path_of(chat, number)]
    read: list[str] = []
    query: dict[str, Any] = {"limit": 7}

    while True:
        page = shown(api, chat, **query)
        assert page["results"]
        assert (page["after"] is None) == (not read)
        read = ids(page) + read
        if page["before"] is None:
            break
        query["before"] = page["before"]

    assert read == expected


@pytest.mark.django_db
@pytest.mark.parametrize("number", [1, 7, 8, 20])
def test_the_path_is_read_forwards_page_by_page(api: Api, owner: Any, number: int) -> None:
    chat = ChatFactory.create(owner=owner)
    expected = [str(message.id) for message in path_of(chat, number)]
    page = shown(api, chat, limit=7, from_start="true")
    assert page["before"] is None
    read = ids(page)

    while page["after"]:
        page = shown(api, chat, limit=7, after=page["after"])
        assert page["results"]
        assert page["before"]
        assert (page["position"], page["length"]) == (len(read), number)
        read += ids(page)

    assert read == expected


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("limit", "place"), [(1, 0), (1, 10), (2, 10), (5, 0), (5, 2), (5, 10), (5, 18), (5, 19), (100, 7)]
)
def test_a_page_around_a_message_holds_its_neighbours(limit: int, place: int) -> None:
    chat = ChatFactory.create()
    expected = [str(message.id) for message in path_of(chat, 20)]

    page = shown(Api(chat.owner), chat, limit=limit, around=expected[place])

    first, last = max(0, place - (limit - 1) // 2), min(19, place + limit // 2)
    assert ids(page) == expected[first : last + 1]
    assert (page["position"], page["length"]) == (first, 20)
    assert page["before"] == (expected[first] if first > 0 else None)
    assert page["after"] == (expected[last] if last < 19 else None)


@pytest.mark.django_db
def test_nothing_is_before_the_root_and_after_the_leaf(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner)
    messages = path_of(chat, 3)
    nothing: dict[str, Any] = {"results": [], "siblings": {}, "length": 3, "position": 0, "before": None, "after": None}

    assert shown(api, chat, before=messages[0].id) == nothing
    assert shown(api, chat, after=messages[-1].id) == nothing


@pytest.mark.django_db
def test_an_empty_chat_has_one_empty_page(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner)

    nothing: dict[str, Any] = {"results": [], "siblings": {}, "length": 0, "position": 0, "before": None, "after": None}
    assert shown(api, chat) == shown(api, chat, from_start="true") == nothing


@pytest.mark.parametrize("place", ["before", "after", "around"])
def test_a_place_that_is_not_on_the_path_is_refused_in_the_same_words(api: Api, owner: Any, place: str) -> None:
    chat = ChatFactory.create(owner=owner)
    first = turn(api, chat)
    finish(first["answer"])
    api.post(f"/api/messages/{first['answer']['id']}/regenerate/")
    elsewhere = turn(api, ChatFactory.create(owner=owner))["answer"]["id"]
    strange = MessageFactory.create().id
    refusals = [
        api.get(f"/api/chats/{chat.id}/messages/", {place: str(pk)})
        for pk in (uuid.uuid4(), first["answer"]["id"], elsewhere, strange)
    ]
    empty = ChatFactory.create(owner=owner)
    refusals.append(api.get(f"/api/chats/{empty.id}/messages/", {place: str(strange)}))

    assert {answer.status_code for answer in refusals} == {400}
    assert len({json.dumps(answer.json()) for answer in refusals}) == 1
    assert refusals[0].json()["fields"][place][0]["code"] == "not_shown"


@pytest.mark.django_db
@pytest.mark.parametrize("other", ["after", "from_start"])
def test_two_places_at_once_are_refused(api: Api, owner: Any, other: str) -> None:
    chat = ChatFactory.create(owner=owner)
    place = str(path_of(chat, 1)[0].id)

    query = {"before": place, other: place if other == "after" else "true"}
    answer = api.get(f"/api/chats/{chat.id}/messages/", query)

    assert answer.status_code == 400
    assert answer.json()["fields"]["non_field_errors"][0]["code"] == "one"


def test_a_chat_is_read_whole_while_it_is_written(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner)
    path_of(chat, 40)
    read: dict[str, Any] = {}
    query: dict[str, Any] = {"limit": 10}

    while True:
        page = shown(api, chat, **query)
        read |= {message["id"]: message for message in page["results"]}
        finish(turn(api, chat)["answer"])
        if page["before"] is None:
            break
        query["before"] = page["before"]
    after: str | None = shown(api, chat, limit=1, around=list(read)[9])["after"]
    while after:
        page = shown(api, chat, limit=3, after=after)
        read |= {message["id"]: message for message in page["results"]}
        after = page["after"]

    assert set(read) == {str(message.id) for message in chat.messages.all()}


def test_reading_costs_the_same_in_a_short_chat_and_in_a_long_one(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    short, long = ChatFactory.create(), ChatFactory.create()
    for chat, number in ((short, 3), (long, 200)):
        messages = path_of(chat, number)
        api = Api(chat.owner)
        api.get("/api/chats/")
        queries: list[dict[str, Any]] = [{}, *({place: messages[1].id} for place in ("before", "after", "around"))]
        for query in queries:
            with django_assert_num_queries(5):  # session, person, chat, messages, siblings
                shown(api, chat, **query)


# One message.


def test_a_queued_answer_is_stopped_at_once_and_stop_again_changes_nothing(api: Api, owner: Any) -> None:
    answer = turn(api, ChatFactory.create(owner=owner))["answer"]
    path = f"/api/messages/{answer['id']}/stop/"

    stopped = api.post(path).json()
    before = everything()

    assert stopped["status"] == "stopped"
    assert api.post(path).json() == stopped
    assert everything() == before


@pytest.mark.parametrize("status", ["complete", "failed", "stopped"])
def test_a_stop_after_the_end_changes_nothing(api: Api, owner: Any, status: str) -> None:
    answer = turn(api, ChatFactory.create(owner=owner))["answer"]
    finish(answer, status)
    before = everything()

    assert api.post(f"/api/messages/{answer['id']}/stop/").json()["status"] == status
    assert everything() == before


def test_a_stop_of_a_running_answer_is_a_wish_to_its_worker(api: Api, owner: Any) -> None:
    answer = turn(api, ChatFactory.create(owner=owner))["answer"]
    run = Run.objects.get()
    Run.objects.claim(run.pk, uuid.uuid4())

    stopped = api.post(f"/api/messages/{answer['id']}/stop/")

    assert stopped.status_code == 200
    assert stopped.json()["status"] == "streaming"
    assert Run.objects.get().stop_requested_at


def test_a_users_message_can_be_stopped_to_no_effect(api: Api, owner: Any) -> None:
    message = turn(api, ChatFactory.create(owner=owner))["message"]
    before = everything()

    assert api.post(f"/api/messages/{message['id']}/stop/").json() == message
    assert everything() == before


def test_another_answer_stands_beside_the_first_and_is_shown(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner)
    sent = turn(api, chat)
    finish(sent["answer"])
    same = str(uuid.uuid4())
    path = f"/api/messages/{sent['answer']['id']}/regenerate/"

    made = api.post(path, {"id": same, "model": "other"})
    again = api.post(path, {"id": same, "model": "other"})

    assert made.status_code == 201
    assert made.json() == again.json()
    assert (made.json()["id"], made.json()["model"], made.json()["status"]) == (same, "other", "queued")
    assert made.json()["parent"] == sent["message"]["id"]
    assert ids(shown(api, chat)) == [sent["message"]["id"], same]
    assert api.get(f"/api/messages/{sent['answer']['id']}/").status_code == 200
    assert len(queued()) == 2


def test_the_same_regeneration_many_times_at_once_is_one_answer(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner)
    sent = turn(api, chat)
    finish(sent["answer"])
    same = {"id": str(uuid.uuid4())}

    answers = at_once(lambda: api.post(f"/api/messages/{sent['answer']['id']}/regenerate/", same), times=6)

    assert {answer.status_code for answer in answers} <= {200, 201}
    assert chat.messages.count() == 3
    assert len(queued()) == 2


def test_a_running_answer_is_regenerated_once_it_was_told_to_stop(api: Api, owner: Any) -> None:
    answer = turn(api, ChatFactory.create(owner=owner))["answer"]
    Run.objects.claim(Run.objects.get().pk, uuid.uuid4())
    path = f"/api/messages/{answer['id']}/"

    refused = api.post(f"{path}regenerate/")
    api.post(f"{path}stop/")
    taken = api.post(f"{path}regenerate/")

    assert refused.status_code == 409
    assert refused.json()["code"] == "still_running"
    assert taken.status_code == 201


def test_only_an_answer_is_regenerated(api: Api, owner: Any) -> None:
    sent = turn(api, ChatFactory.create(owner=owner))

    refused = api.post(f"/api/messages/{sent['message']['id']}/regenerate/")

    assert refused.status_code == 409
    assert refused.json()["code"] == "not_an_answer"


@pytest.mark.django_db
@pytest.mark.parametrize("body", [{"id": 1}, {"id": "x"}, {"id": None}, {"model": 1}, {"model": "x" * 201}, []])
def test_a_bad_regeneration_is_refused(body: Any) -> None:
    answer = MessageFactory.create(role="assistant")
    before = everything()

    refused = Api(answer.chat.owner).post(f"/api/messages/{answer.id}/regenerate/", body)

    assert refused.status_code == 400
    assert everything() == before


def test_an_id_of_another_message_cannot_be_an_answers(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner)
    sent = turn(api, chat)
    finish(sent["answer"])

    for taken in (sent["message"]["id"], str(MessageFactory.create().id)):
        refused = api.post(f"/api/messages/{sent['answer']['id']}/regenerate/", {"id": taken})
        assert refused.status_code == 409
        assert refused.json()["code"] == "id_conflict"
    assert len(queued()) == 1


def test_a_chat_that_is_deleted_takes_no_more_turns(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner)
    answer = turn(api, chat)["answer"]

    assert api.delete(f"/api/chats/{chat.id}/").status_code == 204

    assert api.post(f"/api/chats/{chat.id}/messages/", {"content": "Hello?"}).status_code == 404
    assert api.post(f"/api/messages/{answer['id']}/regenerate/").status_code == 404
    assert not Message.objects.exists()
    assert not Run.objects.exists()


def test_a_chat_deleted_and_written_in_at_once_is_no_accident(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner)
    path = f"/api/chats/{chat.id}/"
    requests = iter([("post", f"{path}messages/")] * 4 + [("patch", path), ("delete", path)])

    def call() -> int:
        method, target = next(requests)
        return int(getattr(api, method)(target, {"content": "x"}).status_code)

    answers = at_once(call, times=6)

    assert set(answers) <= {200, 201, 204, 404}
    assert not Chat.objects.exists()
    assert not Message.objects.exists()


# The provider and the workers.


def test_all_models_of_the_provider_are_offered_the_default_first(
    provider: FakeOpenAI, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "catalogue", catalogue.ModelCatalogue())
    settings.CHATTABLE = {**settings.CHATTABLE, "MODEL": "my-own"}

    answer = Api(UserFactory.create()).get("/api/models/")

    assert answer.json() == {
        "results": [{"id": model} for model in ("my-own", "demo", "demo-fast", "demo-reasoning")],
        "default": "my-own",
    }


def test_the_provider_is_asked_once_for_everybody(provider: FakeOpenAI, monkeypatch: pytest.MonkeyPatch) -> None:
    provider.script("/v1/models", [b'{"object": "list", "data": [{"id": "only"}]}'], times=1)
    provider.script("/v1/models", status=500)
    monkeypatch.setattr(catalogue, "catalogue", catalogue.ModelCatalogue())
    api = Api(UserFactory.create())
    api.get("/api/chats/")

    answers = at_once(lambda: api.get("/api/models/").json(), times=6)
    provider.reset()

    assert all(answer["results"][-1] == {"id": "only"} for answer in answers)


def test_only_the_operators_models_are_offered_where_there_is_a_list(settings: Settings) -> None:
    settings.CHATTABLE = {**settings.CHATTABLE, "MODEL": "b", "MODELS": ["a", "b"], "BASE_URL": "http://127.0.0.1:9"}

    answer = Api(UserFactory.create()).get("/api/models/")

    assert answer.json() == {"results": [{"id": "a"}, {"id": "b"}], "default": "b"}


def test_a_provider_that_cannot_be_asked_is_said_to_be_away_and_asked_again(
    provider: FakeOpenAI, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "catalogue", catalogue.ModelCatalogue())
    api, given = Api(UserFactory.create()), settings.CHATTABLE

    settings.CHATTABLE = {**given, "BASE_URL": "http://127.0.0.1:9/v1"}
    refused = api.get("/api/models/")
    settings.CHATTABLE = given
    answered = api.get("/api/models/")

    assert refused.status_code == 503
    assert refused.json()["code"] == "provider_unavailable"
    assert answered.status_code == 200


def test_a_provider_that_refuses_our_key_is_told_from_one_that_is_away(
    provider: FakeOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "catalogue", catalogue.ModelCatalogue())
    provider.script("/v1/models", [b'{"error": {"message": "bad key"}}'], status=401)

    answer = Api(UserFactory.create()).get("/api/models/")
    provider.reset()

    assert answer.status_code == 503
    assert answer.json()["code"] == "provider_auth"


def test_without_a_worker_nobody_listens() -> None:
    assert Api(UserFactory.create()).get("/api/status/").json() == {"workers": 0}


def test_a_layer_that_cannot_count_leaves_the_number_open(settings: Settings) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

    assert Api(UserFactory.create()).get("/api/status/").json() == {"workers": None}
