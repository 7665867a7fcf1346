"""An account goes with all that it had, and only by its password."""

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from pytest_django.fixtures import Settings

from accounts.models import ApiKey, User
from backend.api import Api
from backend.browser import Browser
from backend.factories import PASSWORD, ApiKeyFactory, ChatFactory, MessageFactory, UserFactory
from chattable.models import Chat, Message

pytestmark = pytest.mark.django_db
ADDRESS = "/api/account/delete/"


def test_an_account_goes_with_all_that_it_had() -> None:
    user, other = UserFactory.create(), UserFactory.create()
    for owner in (user, other):
        MessageFactory.create(chat=ChatFactory.create(owner=owner))
        ApiKeyFactory.create(user=owner)
    browser = Browser()
    browser.log_in(user.email, PASSWORD)

    answer = browser.call("post", ADDRESS, {"password": PASSWORD})

    assert answer.status_code == 204
    assert not browser.signed_in()
    assert browser.log_in(user.email, PASSWORD).status_code == 400
    assert User.objects.get() == other
    assert Chat.objects.get().owner == other
    assert (Message.objects.count(), ApiKey.objects.count(), Session.objects.count()) == (1, 1, 0)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"password": "another horse"}, "wrong_password"),
        ({"password": f" {PASSWORD}"}, "wrong_password"),
        ({"password": ""}, "blank"),
        ({"password": 1}, "invalid"),
        ({}, "required"),
    ],
)
def test_it_stays_without_the_password(body: Any, code: str) -> None:
    user = UserFactory.create()

    answer = Api(user).post(ADDRESS, body)

    assert answer.status_code == 400
    assert [error["code"] for error in answer.json()["fields"]["password"]] == [code]
    assert User.objects.get() == user


def test_nobody_deletes_nothing() -> None:
    UserFactory.create()

    assert Api().post(ADDRESS, {"password": PASSWORD}).status_code == 401
    assert User.objects.exists()


def test_passwords_cannot_be_guessed_for_long(settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"reauthenticate": "3/m/user"}
    api = Api(UserFactory.create())

    statuses = [api.post(ADDRESS, {"password": "guess"}).status_code for _ in range(4)]
    right = api.post(ADDRESS, {"password": PASSWORD})

    assert statuses == [400, 400, 400, 429]
    assert right.status_code == 429
    assert right.json()["code"] == "throttled"
    assert User.objects.exists()
