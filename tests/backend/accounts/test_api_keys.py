import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import ApiKey, User
from backend.browser import Browser
from backend.factories import ApiKeyFactory, UserFactory

pytestmark = pytest.mark.django_db


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def get_with(key: str, path: str = "/api/keys/") -> Any:
    return Client().get(path, headers={"Authorization": f"Bearer {key}"})


def test_a_new_key_is_shown_once_and_kept_as_a_hash() -> None:
    client = client_of(UserFactory.create())

    answer = client.post("/api/keys/", {"name": "laptop"}, content_type="application/json")

    assert answer.status_code == 201
    secret = answer.json()["key"]
    assert secret.startswith("ck_")
    assert len(secret) >= 46
    row = ApiKey.objects.get()
    assert row.hash == hashlib.sha256(secret.encode()).hexdigest()
    assert secret not in str(ApiKey.objects.values().get())
    [listed] = client.get("/api/keys/").json()["results"]
    assert listed == {key: value for key, value in answer.json().items() if key != "key"}
    assert listed["prefix"] == secret[:11]


def test_a_key_signs_its_owner_in() -> None:
    key = ApiKeyFactory.create(secret="ck_good")

    answer = get_with("ck_good")

    assert answer.status_code == 200
    assert [row["id"] for row in answer.json()["results"]] == [str(key.id)]


def test_a_key_needs_no_csrf_token() -> None:
    ApiKeyFactory.create(secret="ck_good")

    answer = Client(enforce_csrf_checks=True).post(
        "/api/keys/", {"name": "x"}, "application/json", headers={"Authorization": "Bearer ck_good"}
    )

    assert answer.status_code == 201


def test_a_signed_in_browser_needs_the_csrf_token() -> None:
    browser = Browser()
    browser.force_login(UserFactory.create())

    refused = browser.post("/api/keys/", {"name": "x"}, content_type="application/json")

    assert refused.status_code == 403
    assert refused.json()["code"] == "permission_denied"
    assert browser.call("post", "/api/keys/", {"name": "x"}).status_code == 201


@pytest.mark.parametrize(
    "authorization",
    ["Bearer ck_wrong", "Bearer", "Bearer ", "bearer  ", "Bearer ck_good x", "Bearer ck_gööd", "Basic ck_good", ""],
)
def test_another_authorization_gets_401(authorization: str) -> None:
    ApiKeyFactory.create(secret="ck_good")

    answer = Client().get("/api/keys/", headers={"Authorization": authorization})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json()["code"] == "not_authenticated"


def test_a_wrong_key_is_not_made_good_by_a_session() -> None:
    client = client_of(UserFactory.create())

    answer = client.get("/api/keys/", headers={"Authorization": "Bearer ck_wrong"})

    assert answer.status_code == 401


def test_a_revoked_key_gets_401() -> None:
    user = UserFactory.create()
    key = ApiKeyFactory.create(user=user, secret="ck_good")
    assert get_with("ck_good").status_code == 200

    assert client_of(user).delete(f"/api/keys/{key.id}/").status_code == 204

    assert get_with("ck_good").status_code == 401
    assert not ApiKey.objects.exists()


def test_a_key_of_a_deactivated_user_gets_401() -> None:
    ApiKeyFactory.create(secret="ck_good", user=UserFactory.create(is_active=False))

    assert get_with("ck_good").status_code == 401


def test_a_stranger_gets_404_and_sees_nothing() -> None:
    key = ApiKeyFactory.create()
    stranger = client_of(UserFactory.create())

    answer = stranger.delete(f"/api/keys/{key.id}/")

    assert answer.status_code == 404
    assert answer.json() == stranger.delete("/api/keys/0193a8f0-0000-4000-8000-000000000000/").json()
    assert stranger.get("/api/keys/").json() == {"results": []}
    assert ApiKey.objects.filter(pk=key.pk).exists()


@pytest.mark.parametrize("key", ["1", "abc", "%00", "0193a8f0-0000-4000-8000-00000000000g"])
def test_an_id_that_is_none_gets_404(key: str) -> None:
    answer = client_of(UserFactory.create()).delete(f"/api/keys/{key}/")

    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "required"),
        ({"name": ""}, "blank"),
        ({"name": " \t"}, "blank"),
        ({"name": None}, "null"),
        ({"name": ["x"]}, "invalid"),
        ({"name": "x" * 101}, "max_length"),
        ({"name": 5}, "invalid"),
        ({"name": "\0"}, "blank"),
    ],
)
def test_a_wrong_name_is_named(body: Any, code: str) -> None:
    answer = client_of(UserFactory.create()).post("/api/keys/", body, content_type="application/json")

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"
    assert [error["code"] for error in answer.json()["fields"]["name"]] == [code]


def test_the_client_sets_nothing_but_the_name() -> None:
    user, other = UserFactory.create(), UserFactory.create()
    body = {"name": "x", "user": other.pk, "hash": "0" * 64, "prefix": "ck_mine", "last_used_at": "2020-01-01T00:00Z"}

    client_of(user).post("/api/keys/", body, content_type="application/json")

    key = ApiKey.objects.get()
    assert key.user == user
    assert key.hash != "0" * 64
    assert key.last_used_at is None


def test_use_is_noted_once_a_minute(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    key = ApiKeyFactory.create(secret="ck_good")
    get_with("ck_good")
    key.refresh_from_db()
    first = key.last_used_at
    assert first is not None
    assert timezone.now() - first < timedelta(seconds=10)

    with django_assert_num_queries(2):  # the key with its user, and the list
        get_with("ck_good")
    key.refresh_from_db()
    assert key.last_used_at == first

    ApiKey.objects.update(last_used_at=first - timedelta(seconds=61))
    get_with("ck_good")
    key.refresh_from_db()
    assert key.last_used_at is not None
    assert key.last_used_at > first
