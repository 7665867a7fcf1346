"""The `CHATTABLE` setting, and who the default resolver takes a request or a socket for."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ImproperlyConfigured
from django.test import RequestFactory, override_settings

from backend.browser import Browser
from backend.factories import PASSWORD, UserFactory
from chattable import conf
from chattable.conf import DEFAULTS, header, resolve_owner, settings, signed_in_user


def test_defaults_are_in_force_until_they_are_overridden() -> None:
    with override_settings(CHATTABLE={"MODEL": "small"}):
        assert settings.MODEL == "small"
        assert DEFAULTS["LEASE_SECONDS"] == settings.LEASE_SECONDS
        with override_settings(CHATTABLE={"LEASE_SECONDS": 99}):
            assert settings.LEASE_SECONDS == 99
            assert DEFAULTS["MODEL"] == settings.MODEL
        assert settings.MODEL == "small"


def test_the_setting_may_be_left_out() -> None:
    with override_settings():
        from django.conf import settings as django_settings

        del django_settings.CHATTABLE
        settings.reload()
        assert settings.values() == DEFAULTS
    settings.reload()


@override_settings(CHATTABLE={"MODLE": "small", "LEASE": 1})
def test_unknown_names_raise_and_the_known_ones_are_told() -> None:
    with pytest.raises(ImproperlyConfigured) as error:
        settings.MODEL  # noqa: B018

    assert "unknown settings: LEASE, MODLE" in str(error.value)
    assert all(name in str(error.value) for name in DEFAULTS)


@pytest.mark.parametrize("value", [None, ["MODEL"], "MODEL"])
def test_a_setting_that_is_no_dictionary_raises(value: Any) -> None:
    with override_settings(CHATTABLE=value), pytest.raises(ImproperlyConfigured, match="must be a dictionary"):
        settings.values()


def test_a_name_that_does_not_exist_is_no_setting() -> None:
    with pytest.raises(AttributeError, match="NOTHING"):
        settings.NOTHING  # noqa: B018


def sees(source: Any) -> str:
    return f"seen {source}"


@pytest.mark.parametrize("resolver", [sees, f"{__name__}.sees"])
def test_the_resolver_is_a_function_or_its_path(resolver: Any) -> None:
    with override_settings(CHATTABLE={"OWNER_RESOLVER": resolver}):
        assert resolve_owner("x") == "seen x"


# The default resolver.


def scope(**headers: str) -> dict[str, Any]:
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {"type": "websocket", "path": "/ws/", "scheme": "ws", "headers": pairs}


@pytest.mark.django_db
def test_a_request_belongs_to_its_active_user() -> None:
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    assert signed_in_user(request) is None

    request.user = UserFactory.create()
    assert signed_in_user(request) == request.user

    request.user.is_active = False
    assert signed_in_user(request) is None


@pytest.mark.django_db
def test_a_socket_belongs_to_the_user_of_its_session_as_it_is_now() -> None:
    user = UserFactory.create()
    browser = Browser()
    browser.log_in(user.email, PASSWORD)
    socket = scope(origin="http://testserver", cookie=f"a=1; sessionid={browser.cookies['sessionid'].value}; b=2")
    assert signed_in_user(socket) == user

    browser.log_out()
    assert signed_in_user(socket) is None


@pytest.mark.django_db
@pytest.mark.parametrize("cookie", ["", "sessionid=", "sessionid=unknown", "sessionid=../../etc", "rubbish;;=;"])
def test_a_socket_without_a_valid_session_belongs_to_nobody(cookie: str) -> None:
    assert signed_in_user(scope(origin="http://testserver", cookie=cookie)) is None
    assert signed_in_user(scope(origin="http://testserver")) is None


def test_headers_of_a_scope() -> None:
    assert header(scope(host="a.example"), b"host") == "a.example"
    assert header(scope(host="a.example"), b"origin") == ""


@override_settings(ALLOWED_HOSTS=["a.example", "[::1]"])
@pytest.mark.parametrize("host", ["a.example:8000", "[::1]:8000"])
def test_a_handshake_as_a_request(host: str) -> None:
    request = conf.request_of(scope(host=host) | {"scheme": "wss"})

    assert (request.scheme, request.get_host()) == ("https", host)
    assert conf.request_of(scope(host=host)).scheme == "http"
