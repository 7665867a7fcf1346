from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.test import Client, RequestFactory

from accounts.authentication import resolve_owner
from accounts.models import User
from backend.factories import ApiKeyFactory, UserFactory

pytestmark = pytest.mark.django_db


def scope(*, cookie: str = "", authorization: str = "") -> dict[str, Any]:
    headers = [(b"host", b"testserver")]
    if cookie:
        headers.append((b"origin", b"http://testserver"))
        headers.append((b"cookie", f"theme=dark; sessionid={cookie}; csrftoken=x".encode()))
    if authorization:
        headers.append((b"authorization", authorization.encode()))
    return {"type": "websocket", "path": "/ws/", "headers": headers}


def session_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


def test_a_request_belongs_to_its_user() -> None:
    request = RequestFactory().get("/")
    request.user = UserFactory.create()
    assert resolve_owner(request) == request.user

    request.user = AnonymousUser()
    assert resolve_owner(request) is None


def test_a_socket_belongs_to_the_user_of_its_cookie() -> None:
    user = UserFactory.create()

    assert resolve_owner(scope(cookie=session_of(user))) == user


def test_a_socket_belongs_to_the_user_of_its_key() -> None:
    key = ApiKeyFactory.create(secret="ck_good")

    assert resolve_owner(scope(authorization="Bearer ck_good")) == key.user


@pytest.mark.parametrize("authorization", ["Bearer ck_wrong", "Basic ck_good", "ck_good", "Bearer"])
def test_where_a_wrong_key_is_given_the_cookie_does_not_count(authorization: str) -> None:
    ApiKeyFactory.create(secret="ck_good")
    cookie = session_of(UserFactory.create())

    assert resolve_owner(scope(cookie=cookie, authorization=authorization)) is None


@pytest.mark.parametrize("cookie", ["", "unknown", "x" * 5000, 'a"b;=c'])
def test_a_socket_without_a_good_cookie_belongs_to_nobody(cookie: str) -> None:
    assert resolve_owner(scope(cookie=cookie)) is None


def test_an_ended_session_counts_no_more() -> None:
    here = scope(cookie=session_of(UserFactory.create()))
    assert resolve_owner(here)

    Session.objects.all().delete()

    assert resolve_owner(here) is None


def test_after_a_change_of_password_an_old_session_counts_no_more() -> None:
    user = UserFactory.create()
    here = scope(cookie=session_of(user))
    assert resolve_owner(here) == user

    user.set_password("another good horse")
    user.save()

    assert resolve_owner(here) is None


def test_a_deactivated_user_owns_nothing() -> None:
    user = UserFactory.create()
    ApiKeyFactory.create(user=user, secret="ck_good")
    by_cookie, by_key = scope(cookie=session_of(user)), scope(authorization="Bearer ck_good")
    assert resolve_owner(by_cookie) == resolve_owner(by_key) == user

    user.is_active = False
    user.save()

    assert resolve_owner(by_cookie) is None
    assert resolve_owner(by_key) is None
