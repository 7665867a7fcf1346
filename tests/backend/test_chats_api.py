import json
import uuid
from datetime import timedelta
from itertools import islice
from typing import Any

import pytest
from django.core import signing
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries, Settings

from backend.api import Api, at_once
from backend.factories import ChatFactory, UserFactory
from chattable.models import Chat, Message

pytestmark = pytest.mark.django_db


def test_a_chat_is_made_read_changed_and_deleted(api: Api, owner: Any) -> None:
    made = api.post("/api/chats/", {"title": "Sea", "parameters": {"temperature": 0.5}})
    path = f"/api/chats/{made.json()['id']}/"
    changed = api.patch(path, {"title": "Lake", "model": "demo", "instructions": " Be short. ", "parameters": {}})
    read = api.get(path)
    deleted = api.delete(path)

    assert made.status_code == 201
    assert made.json()["parameters"] == {"temperature": 0.5}
    assert read.json() == changed.json()
    assert read.json() == {
        **made.json(),
        "title": "Lake",
        "model": "demo",
        "instructions": " Be short. ",
        "parameters": {},
        "version": 2,
        "updated_at": read.json()["updated_at"],
    }
    assert deleted.status_code == 204
    assert api.get(path).status_code == 404
    assert not owner.chats.exists()


def test_a_change_leaves_everything_else_as_it_is(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner, title="Sea", instructions="Be short.", parameters={"seed": 1})
    active_at = chat.active_at

    api.patch(f"/api/chats/{chat.id}/", {"title": "Lake"})

    chat = owner.chats.get()
    assert (chat.title, chat.instructions, chat.parameters) == ("Lake", "Be short.", {"seed": 1})
    assert chat.active_at == active_at


def test_an_empty_change_changes_nothing(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner)

    assert api.patch(f"/api/chats/{chat.id}/", {}).json()["version"] == chat.version
    assert api.patch(f"/api/chats/{chat.id}/").json()["version"] == chat.version


def test_the_same_id_again_gets_the_same_chat(api: Api, owner: Any) -> None:
    body = {"id": str(uuid.uuid4()), "title": "Sea"}

    first = api.post("/api/chats/", body)
    again = api.post("/api/chats/", {**body, "title": "Other"})

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert owner.chats.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_id_many_times_at_once_makes_one_chat(api: Api, owner: Any) -> None:
    same = str(uuid.uuid4())

    statuses = at_once(lambda: api.post("/api/chats/", {"id": same}).status_code, times=8)

    assert sorted(statuses) == [200] * 7 + [201]
    assert owner.chats.count() == 1


def test_somebody_elses_id_is_refused(api: Api, owner: Any) -> None:
    other = ChatFactory.create(title="Mine")

    answer = api.post("/api/chats/", {"id": str(other.id)})

    assert answer.status_code == 409
    assert answer.json() == {"code": "id_conflict", "detail": "This id belongs to another chat."}
    assert Chat.objects.get().title == "Mine"


WRONG: list[Any] = [1, True, [], {}]
BAD_VALUES: list[tuple[dict[str, Any], str]] = [
    *(({name: value}, f"{name} invalid") for name in ("title", "model", "instructions") for value in WRONG),
    *(({name: None}, f"{name} null") for name in ("title", "model", "instructions", "parameters")),
    ({"title": "x" * 201}, "title max_length"),
    ({"model": "x" * 201}, "model max_length"),
    ({"instructions": "x" * 500_001}, "instructions max_length"),
    ({"parameters": []}, "parameters invalid"),
    ({"parameters": "hot"}, "parameters invalid"),
    *(({"parameters": {"temperature": value}}, "parameters.temperature invalid") for value in ["1", *WRONG[1:]]),
    ({"parameters": {"temperature": None}}, "parameters.temperature null"),
    ({"parameters": {"temperature": -0.1}}, "parameters.temperature min_value"),
    ({"parameters": {"temperature": 2.1}}, "parameters.temperature max_value"),
    ({"parameters": {"top_p": 1.1}}, "parameters.top_p max_value"),
    ({"parameters": {"presence_penalty": -2.1}}, "parameters.presence_penalty min_value"),
    ({"parameters": {"frequency_penalty": 2.1}}, "parameters.frequency_penalty max_value"),
    ({"parameters": {"max_tokens": 0}}, "parameters.max_tokens min_value"),
    ({"parameters": {"max_tokens": 1.5}}, "parameters.max_tokens invalid"),
    ({"parameters": {"max_tokens": 10**30}}, "parameters.max_tokens max_value"),
    ({"parameters": {"max_completion_tokens": "1"}}, "parameters.max_completion_tokens invalid"),
    ({"parameters": {"seed": False}}, "parameters.seed invalid"),
    ({"parameters": {"seed": 2**63}}, "parameters.seed max_value"),
    *(({"parameters": {"stop": value}}, "parameters.stop invalid") for value in [1, "", [], [1], ["a"] * 5, {}]),
    ({"parameters": {"reasoning_effort": "huge"}}, "parameters.reasoning_effort invalid_choice"),
    ({"parameters": {"reasoning_effort": 1}}, "parameters.reasoning_effort invalid_choice"),
    ({"parameters": {"tools": []}}, "parameters.tools unknown_parameter"),
    ({"parameters": {"n": 2, "temperature": 1}}, "parameters.n unknown_parameter"),
]


@pytest.mark.parametrize(("body", "code"), BAD_VALUES, ids=[code for _, code in BAD_VALUES])
def test_bad_values_are_refused_by_field(body: dict[str, Any], code: str) -> None:
    owner = UserFactory.create()
    chat = ChatFactory.create(owner=owner)
    api = Api(owner)

    made, changed = api.post("/api/chats/", body), api.patch(f"/api/chats/{chat.id}/", body)

    for answer in (made, changed):
        assert answer.status_code == 400
        assert answer.json()["code"] == "invalid"
        assert [f"{name} {error['code']}" for name, [error] in answer.json()["fields"].items()] == [code]
    assert list(Chat.objects.values_list("version", flat=True)) == [chat.version]


@pytest.mark.parametrize("id", [1, True, "x", "", [], {}, None, "1" * 33])
def test_an_id_that_is_no_uuid_is_refused(id: Any) -> None:
    answer = Api(UserFactory.create()).post("/api/chats/", {"id": id})

    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == ["id"]


def test_every_parameter_is_kept_as_it_was_given() -> None:
    parameters = {
        "temperature": 0,
        "top_p": 1,
        "max_tokens": 5,
        "max_completion_tokens": 6,
        "presence_penalty": -2,
        "frequency_penalty": 2,
        "seed": -7,
        "stop": ["a", "b"],
        "reasoning_effort": "low",
    }

    answer = Api(UserFactory.create()).post("/api/chats/", {"parameters": parameters})

    assert answer.json()["parameters"] == parameters
    assert Api(UserFactory.create()).post("/api/chats/", {"parameters": {"stop": "."}}).json()["parameters"] == {
        "stop": "."
    }


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", ""),
        ("{", "parse_error"),
        ("\ufeff[", "parse_error"),
        ('{"title": NaN}', "parse_error"),
        ('{"title": "\\ud8"}', "parse_error"),
        ("[" * 100_000, "parse_error"),
        ('{"parameters": ' + '{"a":' * 100_000, "parse_error"),
        ('{"seed": ' + "9" * 5000 + "}", "parse_error"),
        ("[]", "non_field_errors invalid"),
        ('"title"', "non_field_errors invalid"),
        ("3", "non_field_errors invalid"),
        ("null", "non_field_errors null"),
    ],
    ids=lambda value: value[:20],
)
def test_a_body_that_is_no_object_is_refused(body: str, code: str) -> None:
    answer = Api(UserFactory.create()).post_text("/api/chats/", body)

    if not code:
        assert answer.status_code == 201
        return
    assert answer.status_code == 400
    fields = answer.json().get("fields", {})
    assert [f"{name} {errors[0]['code']}" for name, errors in fields.items()] or answer.json()["code"] == code
    assert not Chat.objects.exists()


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "x", ""])
def test_a_body_that_is_not_called_json_is_refused(content_type: str) -> None:
    answer = Api(UserFactory.create()).generic("POST", "/api/chats/", '{"title": "x"}', content_type=content_type)

    assert answer.status_code == 415
    assert answer.json()["code"] == "unsupported_media_type"
    assert not Chat.objects.exists()


def test_a_form_with_a_valid_csrf_token_is_no_json_either() -> None:
    api = Api(UserFactory.create())
    api.handler.enforce_csrf_checks = True
    api.cookies["csrftoken"] = token = "a" * 32

    answer = api.post("/api/chats/", {"csrfmiddlewaretoken": token, "title": "x"}, format="multipart")

    assert answer.status_code == 415
    assert not Chat.objects.exists()


def test_a_huge_body_is_refused_before_it_is_read() -> None:
    class Untouched:
        def read(self, *_: Any) -> bytes:
            raise AssertionError("The body was read.")

        readline = read

    body: Any = {"wsgi.input": Untouched(), "CONTENT_LENGTH": str(8 * 2**20 + 1)}

    answer = Api(UserFactory.create()).generic("POST", "/api/chats/", content_type="application/json", **body)

    assert answer.status_code == 413
    assert answer.json() == {"code": "too_large", "detail": "The request is too large."}


def test_text_that_no_database_takes_is_dropped_and_the_rest_is_kept(api: Api, owner: Any) -> None:
    body = json.dumps({"title": "a\x00b\ud800c", "model": "d\x00e", "instructions": "\x00f\ud83d\ude00\x00"})

    made = api.post_text("/api/chats/", body).json()

    assert (made["title"], made["model"], made["instructions"]) == ("ab\ufffdc", "de", "f😀")
    assert api.get(f"/api/chats/{made['id']}/").json() == made
    renamed = api.patch(f"/api/chats/{made['id']}/", {"title": "\x00"}).json()
    assert renamed["title"] == ""


def test_names_that_no_database_takes_are_refused_readably() -> None:
    answer = Api(UserFactory.create()).post_text("/api/chats/", '{"parameters": {"\\u0000\\ud800": 1}}')

    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == ["parameters.\ufffd"]


@pytest.mark.parametrize("path", ["/api/chats/a%00b/", "/api/chats/1/", "/api/chats/x/messages/", "/api/messages/é/"])
def test_a_path_with_an_impossible_id_names_nothing(path: str) -> None:
    answer = Api(UserFactory.create()).get(path)

    assert answer.status_code == 404
    assert answer.json() == {"code": "not_found", "detail": "Not found."}


def test_a_model_must_be_offered_where_the_operator_says_which(settings: Settings) -> None:
    settings.CHATTABLE = {**settings.CHATTABLE, "MODEL": "a", "MODELS": ["a", "b"]}
    api = Api(UserFactory.create())

    refused = api.post("/api/chats/", {"model": "c"})

    assert refused.json()["fields"]["model"][0]["code"] == "unknown_model"
    assert api.post("/api/chats/", {"model": "b"}).status_code == 201
    assert api.post("/api/chats/", {"model": ""}).status_code == 201


# The list, while it moves.


def chats_of(owner: Any, number: int, *, same: int = 0) -> list[Chat]:
    """Chats from old to new, the first `same` of them of the same instant."""
    start = timezone.now() - timedelta(days=1)
    return Chat.objects.bulk_create(
        Chat(owner=owner, active_at=start + timedelta(seconds=max(0, index - same + 1))) for index in range(number)
    )


def touch(chat: Chat) -> None:
    """Move the chat to the top as a message does."""
    chat.active_at = timezone.now()
    chat.save(update_fields=["active_at"])


def test_chats_are_listed_by_their_newest_activity(api: Api, owner: Any) -> None:
    chats = chats_of(owner, 5)
    ChatFactory.create()

    [page] = api.pages("/api/chats/")

    assert [chat["id"] for chat in page] == [str(chat.id) for chat in reversed(chats)]


def test_no_chats_are_one_empty_page(api: Api) -> None:
    assert api.get("/api/chats/").json() == {"results": [], "next": None}


@pytest.mark.parametrize("limit", [1, 3, 20, 40, 100])
def test_a_walk_meets_each_chat_once_where_nothing_moves(api: Api, owner: Any, limit: int) -> None:
    chats = chats_of(owner, 41, same=13)

    pages = list(api.pages("/api/chats/", limit=limit))

    ids = [chat["id"] for page in pages for chat in page]
    assert ids == [str(chat.id) for chat in sorted(chats, key=lambda chat: (chat.active_at, chat.id), reverse=True)]
    assert {len(page) for page in pages[:-1]} <= {limit}
    assert 0 < len(pages[-1]) <= limit


@pytest.mark.parametrize("limit", [1, 7, 20, 60, 100])
@pytest.mark.parametrize("moment", [1, 2, 3])
def test_a_walk_holds_each_chat_in_its_newest_state_whatever_moves(
    api: Api, owner: Any, limit: int, moment: int
) -> None:
    chats = chats_of(owner, 120, same=40)
    walk = api.pages("/api/chats/", limit=limit)
    pages = list(islice(walk, moment))
    met = {chat["id"] for page in pages for chat in page}
    ahead = [chat for chat in chats if str(chat.id) not in met]
    moved = [*ahead[:5], *(chat for chat in chats if str(chat.id) in met)][:7]
    for chat in moved:
        touch(chat)
    deleted = pages[-1][-1]["id"]
    Chat.objects.get(pk=deleted).delete()
    new = ChatFactory.create(owner=owner)

    pages += list(walk)

    merged = {chat["id"]: chat for page in pages for chat in page}
    merged.pop(deleted, None)
    expected = {str(chat.pk): chat.version for chat in owner.chats.all()}
    if len(met) < 120:
        assert str(new.id) in merged
        assert {pk: chat["version"] for pk, chat in merged.items()} == expected
    assert all(pages)


def test_a_walk_ends_though_chats_move_all_the_time(api: Api, owner: Any) -> None:
    chats = chats_of(owner, 30)
    pages = []

    for number, page in enumerate(api.pages("/api/chats/", limit=7)):
        pages.append(page)
        touch(chats[number % 30])
        assert number < 20

    merged = {chat["id"] for page in pages for chat in page}
    assert merged == {str(chat.id) for chat in chats}


def test_the_list_costs_the_same_for_one_chat_and_for_many(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    few, many = UserFactory.create(), UserFactory.create()
    chats_of(few, 1)
    chats_of(many, 60)
    cursors = {}
    for person, queries in ((few, 3), (many, 3)):
        api = Api(person)
        api.get("/api/chats/")
        with django_assert_num_queries(queries):  # session, person, chats
            cursors[person] = api.get("/api/chats/").json()["next"]
    with django_assert_num_queries(3):
        api.get("/api/chats/", {"cursor": cursors[many]})


def tampered(cursor: str) -> list[str]:
    return [
        "",
        "x",
        "\x00",
        "é😀",
        cursor[:-1],
        cursor + "x",
        cursor.swapcase(),
        "a" + cursor,
        cursor.partition(":")[2],
        signing.dumps(["2026-01-01T00:00:00", "x", "2026-01-01T00:00:00", "x", False]),
        "x" * 5000,
    ]


def test_a_cursor_that_was_tampered_with_is_refused(api: Api, owner: Any) -> None:
    chats_of(owner, 2)
    cursor = api.get("/api/chats/", {"limit": 1}).json()["next"]

    for text in tampered(cursor):
        answer = api.get("/api/chats/", {"cursor": text})
        assert answer.status_code == 400, text
        assert answer.json()["fields"]["cursor"][0]["code"] == "invalid_cursor", text


def test_a_cursor_of_somebody_else_is_refused() -> None:
    mine, other = UserFactory.create(), UserFactory.create()
    chats_of(mine, 2)
    cursor = Api(mine).get("/api/chats/", {"limit": 1}).json()["next"]

    assert Api(mine).get("/api/chats/", {"cursor": cursor}).status_code == 200
    assert Api(other).get("/api/chats/", {"cursor": cursor}).status_code == 400


@pytest.mark.parametrize("limit", ["0", "-1", "101", "1e9", "1000000000", "x", "", "1.5", "true", "9" * 2000])
@pytest.mark.parametrize("path", ["/api/chats/", "/api/chats/{id}/messages/"])
def test_a_bad_limit_is_refused(path: str, limit: str) -> None:
    person = UserFactory.create()
    path = path.format(id=ChatFactory.create(owner=person).id)

    answer = Api(person).get(path, {"limit": limit})

    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == ["limit"]


# Export.


def test_a_chat_is_exported_as_it_is_shown_and_as_a_whole(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner, title="Größe & Gewicht/../x")
    first = chat.send("How **big**?", model="m")
    first.answer.finish("complete")
    Message.objects.filter(pk=first.answer.pk).update(content="Big.\n\n- very\n")
    chat.send("Really?", model="m").answer.stop()
    other = chat.send("Another first question", parent=None, model="m")
    first.answer.show()

    shown = api.get(f"/api/chats/{chat.pk}/export/?form=markdown")
    whole = api.get(f"/api/chats/{chat.pk}/export/?form=json")

    assert shown.content.decode() == (
        "# Größe & Gewicht/../x\n\n## You\n\nHow **big**?\n\n## Answer by m\n\nBig.\n\n- very\n\n## You\n\nReally?\n"
    )
    assert shown["Content-Type"] == "text/markdown; charset=utf-8"
    assert shown["Content-Disposition"] == "attachment; filename*=utf-8''gr%C3%B6%C3%9Fe-gewichtx.md"
    assert whole["Content-Disposition"].endswith(".json")
    assert whole.json()["chat"]["id"] == str(chat.pk)
    assert len(whole.json()["messages"]) == 6
    assert whole.json()["messages"][-2] == api.get(f"/api/messages/{other.message.pk}/").json()


def test_an_empty_chat_is_exported_too(api: Api, owner: Any) -> None:
    chat = ChatFactory.create(owner=owner, title="")

    assert api.get(f"/api/chats/{chat.pk}/export/").content == b"# Chat\n"


def test_an_unknown_form_is_refused(api: Api, owner: Any) -> None:
    refused = api.get(f"/api/chats/{ChatFactory.create(owner=owner).pk}/export/?form=pdf")

    assert refused.status_code == 400
    assert refused.json()["fields"]["form"][0]["code"] == "invalid_choice"
