"""What is found in a chat."""

import uuid
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from backend.api import Api
from backend.factories import ChatFactory, MessageFactory, UserFactory
from chattable.models import Chat, pages

pytestmark = pytest.mark.django_db


def chat_of(*contents: str, owner: Any) -> Chat:
    chat = ChatFactory.create(owner=owner)
    for content in contents:
        MessageFactory.create(chat=chat, content=content)
    return chat


def found(api: Api, chat: Chat, text: str, **query: Any) -> dict[str, Any]:
    answer = api.get(f"/api/chats/{chat.id}/messages/find/", {"text": text, **query})
    assert answer.status_code == 200, answer.json()
    return answer.json()  # type: ignore[no-any-return]


def positions(page: dict[str, Any]) -> list[int]:
    return [hit["position"] for hit in page["results"]]


@pytest.mark.parametrize(
    "text",
    [
        "100%_x",
        "100%_X",
        "ÜBERGRÖẞE",
        "übergröße",
        r"C:\temp",
        "a*b(c)?[d]",
        "Привет",
        "日本語",
        "🦀",
        "it's",
        '"q"',
        "a  b",
    ],
)
def test_a_text_is_found_whatever_its_characters_mean_elsewhere(api: Api, owner: Any, text: str) -> None:
    others = ["100Xyx", "Ubergrosse", "C:temp", "ab", "100%", ""]
    chat = chat_of(*others, f"so {text.swapcase() if text.isascii() else text} it is", owner=owner)

    page = found(api, chat, text)

    assert positions(page) == [len(others)]
    assert page["results"][0]["id"] == str(chat.messages.latest("id").id)
    assert page["before"] is None


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("Here is **the** needle.", "the needle"),
        ("Here is the *nee*dle.", "the needle"),
        ("Here is the\n  needle.", "the needle"),
        ("Here is ~~the~~ `needle`.", "is the needle"),
        ("Here is [the](https://example.com/?a=(b)) needle.", "here is"),
        ("Here is [the](https://example.com/) needle.", "the needle"),
        ("Here is the\\_needle.", "the_needle"),
        ("Here is the _needle_.", "_needle_"),
        ("A [link](to) it", "[link](to)"),
        ("2 * 3 * 4", "2 * 3"),
    ],
)
def test_a_text_is_found_as_it_is_read_and_as_it_is_written(api: Api, owner: Any, content: str, text: str) -> None:
    chat = chat_of("The need leads nowhere.", content, "thenoodle", owner=owner)

    assert positions(found(api, chat, text)) == [1]


@pytest.mark.parametrize("text", ["a b", "ab", "__", "a_", "a](b", "((", "*" * 200, "a*" * 100])
def test_a_text_is_found_in_time_behind_whatever_looks_like_it(text: str) -> None:
    pattern = pages._pattern(text)
    contents = [part * (200_000 // len(part)) for part in ("a", "*", "a*", "a ", "](", "a](", "_*~`", " \n")]

    assert all(pattern.search(content + text) for content in contents)


@pytest.mark.parametrize("text", ["ärger", "ÄRGER", "Ärger"])
def test_cases_are_one_beyond_ascii_too(api: Api, owner: Any, text: str) -> None:
    assert positions(found(api, chat_of("Ärger", "aerger", "kein ärger", owner=owner), text)) == [2, 0]


def test_only_the_path_that_is_shown_is_looked_through(api: Api, owner: Any) -> None:
    chat = chat_of("root", "this needle", owner=owner)
    root, hidden = chat.messages.order_by("id")
    shown = MessageFactory.create(chat=chat, parent=root, content="that needle", reasoning="a needle in thoughts")

    page = found(api, chat, "needle")

    assert [hit["id"] for hit in page["results"]] == [str(shown.id)]
    refused = api.get(f"/api/chats/{chat.id}/messages/find/", {"text": "needle", "before": str(hidden.id)})
    assert refused.status_code == 400
    assert refused.json()["fields"]["before"][0]["code"] == "not_shown"


def test_the_excerpt_shows_the_place_on_one_line(api: Api, owner: Any) -> None:
    long = "x " * 200
    chat = chat_of("The\n\nneedle.", f"{long}needle {long}", owner=owner)

    excerpts = [hit["excerpt"] for hit in found(api, chat, "NEEDLE")["results"]]

    assert excerpts[1] == "The needle."
    assert excerpts[0].startswith("…x x")
    assert "needle" in excerpts[0]
    assert excerpts[0].endswith("x…")
    assert len(excerpts[0]) < 170


@pytest.mark.parametrize("limit", [1, 3, 50])
def test_all_hits_are_read_page_by_page(api: Api, owner: Any, limit: int) -> None:
    chat = chat_of(*("needle" if number % 3 == 0 else "hay" for number in range(20)), owner=owner)
    page = found(api, chat, "needle", limit=limit)
    read = positions(page)

    while page["before"]:
        page = found(api, chat, "needle", limit=limit, before=page["before"])
        read += positions(page)

    assert read == [18, 15, 12, 9, 6, 3, 0]


@pytest.mark.parametrize(("messages", "chars"), [(10, 10**9), (10**9, 30)])
def test_one_request_looks_at_so_much_and_says_where_to_go_on(
    api: Api, owner: Any, monkeypatch: pytest.MonkeyPatch, messages: int, chars: int
) -> None:
    monkeypatch.setattr(pages, "SEARCHED_MESSAGES", messages)
    monkeypatch.setattr(pages, "SEARCHED_CHARS", chars)
    chat = chat_of("needle", *["hay"] * 25, owner=owner)

    first = found(api, chat, "needle")
    second = found(api, chat, "needle", before=first["before"])
    third = found(api, chat, "needle", before=second["before"])

    assert [page["results"] for page in (first, second)] == [[], []]
    assert positions(third) == [0]
    assert third["before"] is None


def test_a_long_chat_takes_few_queries(
    api: Api, owner: Any, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    chat = chat_of("needle", *["hay"] * 299, owner=owner)

    with django_assert_max_num_queries(8):
        assert positions(found(api, chat, "needle")) == [0]


@pytest.mark.parametrize(
    ("query", "place", "code"),
    [
        ({}, "text", "required"),
        ({"text": ""}, "text", "blank"),
        ({"text": " \x00 "}, "text", "blank"),
        ({"text": "x" * 201}, "text", "max_length"),
        ({"text": "x", "limit": "0"}, "limit", "min_value"),
        ({"text": "x", "limit": "101"}, "limit", "max_value"),
        ({"text": "x", "before": "nonsense"}, "before", "invalid"),
        ({"text": "x", "before": str(uuid.uuid4())}, "before", "not_shown"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(
    api: Api, owner: Any, query: dict[str, str], place: str, code: str
) -> None:
    answer = api.get(f"/api/chats/{chat_of('x', owner=owner).id}/messages/find/", query)

    assert answer.status_code == 400
    assert answer.json()["fields"][place][0]["code"] == code


def test_an_empty_chat_holds_nothing(api: Api, owner: Any) -> None:
    assert found(api, chat_of(owner=owner), "x") == {"results": [], "before": None}


def test_a_stranger_and_nobody_find_nothing() -> None:
    chat = chat_of("needle", owner=UserFactory.create())
    path = f"/api/chats/{chat.id}/messages/find/"

    assert Api(UserFactory.create()).get(path, {"text": "needle"}).status_code == 404
    assert Api().get(path, {"text": "needle"}).status_code == 401
