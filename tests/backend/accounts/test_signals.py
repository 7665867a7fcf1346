"""Every end of a credential tells the user's sockets to prove themselves again, and nothing else does."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.core.management import call_command

from accounts.models import ApiKey, User
from backend.browser import Browser
from backend.factories import PASSWORD, ApiKeyFactory, UserFactory
from chattable import events, layers

pytestmark = pytest.mark.django_db(transaction=True)
RECHECK = {"type": "chattable.recheck"}


@pytest.fixture
def user() -> User:
    return UserFactory.create()


@pytest.fixture
def told(user: User) -> Iterator[Callable[[], Any]]:
    """What the user's sockets are told next."""
    layer: Any = get_channel_layer()
    channel = layers.call(layer.new_channel())
    group = events.owner_group(user)
    layers.call(layer.group_add(group, channel))
    yield lambda: layers.call(layer.receive(channel), timeout=1)
    layers.call(layer.group_discard(group, channel))


def sign_in(user: User) -> Browser:
    browser = Browser()
    browser.log_in(user.email, PASSWORD)
    return browser


def test_logout(user: User, told: Callable[[], Any]) -> None:
    browser = sign_in(user)

    browser.log_out()

    assert told() == RECHECK


def test_change_of_password(user: User, told: Callable[[], Any]) -> None:
    sign_in(user).change_password(PASSWORD, "another good horse")

    assert told() == RECHECK


def test_deactivation(user: User, told: Callable[[], Any]) -> None:
    user.is_active = False
    user.save()

    assert told() == RECHECK


def test_deletion(user: User, told: Callable[[], Any]) -> None:
    user.delete()

    assert told() == RECHECK


def test_revocation_of_a_key(user: User, told: Callable[[], Any]) -> None:
    ApiKeyFactory.create(user=user)
    ApiKey.objects.filter(user=user).delete()

    assert told() == RECHECK


def test_clearing_of_ended_sessions(user: User, told: Callable[[], Any]) -> None:
    browser = sign_in(user)
    session = browser.session
    session.set_expiry(-1)
    session.save()

    call_command("clearsessions")

    assert told() == RECHECK


def test_neither_a_login_nor_the_end_of_another_user(user: User, told: Callable[[], Any]) -> None:
    UserFactory.create().delete()
    sign_in(user)
    ApiKeyFactory.create(user=user)
    events.publish(events.owner_group(user), {"type": "marker"})

    assert told() == {"type": "chattable.frame", "text": '{"type":"marker"}'}
