from typing import Any

import pytest

from backend.api import Api, at_once, everything
from backend.factories import ChatFactory, TeamFactory, UserFactory
from chattable.events import owner_group
from chattable.models import OwnerSettings

pytestmark = pytest.mark.django_db


def test_an_owner_is_named_and_has_no_instructions_at_first(api: Api, owner: Any) -> None:
    answer = api.get("/api/owner/")

    assert answer.status_code == 200
    assert answer.json() == {"id": answer.json()["id"], "name": str(owner), "instructions": ""}
    assert not OwnerSettings.objects.exists()


def test_each_owner_has_an_id_of_its_own_that_stays() -> None:
    ann, ben = Api(UserFactory.create()), Api(UserFactory.create())
    first, second, again = (api.get("/api/owner/").json()["id"] for api in (ann, ben, ann))

    assert first == again != second


def test_instructions_are_kept_as_they_are_written(api: Api, owner: Any) -> None:
    changed = api.patch("/api/owner/", {"instructions": " Be short.\n"})
    again = api.patch("/api/owner/", {})

    assert changed.status_code == again.status_code == 200
    assert changed.json()["instructions"] == " Be short.\n"
    assert api.get("/api/owner/").json() == changed.json() == again.json()
    assert owner.chat_settings.get().instructions == " Be short.\n"


@pytest.mark.django_db(transaction=True)
def test_the_first_change_made_many_times_at_once_makes_one_row(api: Api, owner: Any) -> None:
    statuses = at_once(lambda: api.patch("/api/owner/", {"instructions": "Be short."}).status_code, times=8)

    assert statuses == [200] * 8
    assert owner.chat_settings.count() == 1


def test_nobody_sees_or_changes_the_settings_of_somebody_else(api: Api, owner: Any) -> None:
    other = TeamFactory.create() if owner._meta.model_name == "user" else UserFactory.create()
    other.chat_settings.create(instructions="private")

    api.patch("/api/owner/", {"instructions": "mine"})

    assert api.get("/api/owner/").json()["instructions"] == "mine"
    assert other.chat_settings.get().instructions == "private"


@pytest.mark.parametrize(
    ("verb", "path", "body"),
    [
        ("get", "/api/owner/", None),
        ("patch", "/api/owner/", {"instructions": "x"}),
        ("get", "/api/chats/", None),
        ("post", "/api/chats/", {"title": "x"}),
        ("get", "/api/chats/{chat}/", None),
        ("get", "/api/models/", None),
        ("post", "/api/chats/{chat}/messages/", {"content": "x"}),
    ],
)
def test_what_is_meant_for_another_owner_is_refused(
    api: Api, owner: Any, verb: str, path: str, body: Any, provider: Any
) -> None:
    mine = api.get("/api/owner/").json()["id"]
    theirs = owner_group(UserFactory.create())
    path = path.format(chat=ChatFactory.create(owner=owner).id)
    before = everything()

    refused = getattr(api, verb)(path, body, headers={"X-Chattable-Owner": theirs})

    assert (refused.status_code, refused.json()["code"]) == (401, "other_owner")
    assert everything() == before
    assert getattr(api, verb)(path, body, headers={"X-Chattable-Owner": mine}).status_code in (200, 201)


def test_nobody_signed_in_gets_401() -> None:
    assert Api().get("/api/owner/").status_code == 401
    assert Api().patch("/api/owner/", {"instructions": "x"}).status_code == 401
    assert not OwnerSettings.objects.exists()


@pytest.mark.parametrize(
    ("value", "code"), [(1, "invalid"), ([], "invalid"), (None, "null"), ("x" * 500_001, "max_length")]
)
def test_bad_instructions_are_refused_by_field(value: Any, code: str) -> None:
    answer = Api(UserFactory.create()).patch("/api/owner/", {"instructions": value})

    assert answer.status_code == 400
    assert [error["code"] for error in answer.json()["fields"]["instructions"]] == [code]
    assert not OwnerSettings.objects.exists()


def test_settings_go_with_their_owner(owner: Any) -> None:
    ChatFactory.create(owner=owner)
    owner.chat_settings.create(instructions="Be short.")
    UserFactory.create().chat_settings.create(instructions="stays")

    owner.delete()

    assert [settings.instructions for settings in OwnerSettings.objects.all()] == ["stays"]
