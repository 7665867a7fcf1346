from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from accounts.models import User
from backend.browser import AUTH, Browser
from backend.factories import PASSWORD, UserFactory
from backend.private_valkey import Valkey

pytestmark = pytest.mark.django_db


def test_sign_up_makes_a_user_and_signs_in() -> None:
    browser = Browser()

    answer = browser.sign_up("Ada@Example.com", PASSWORD)

    assert answer.status_code == 200
    assert answer.json()["data"]["user"]["email"] == "ada@example.com"
    assert browser.signed_in()
    assert User.objects.get().email == "ada@example.com"


@pytest.mark.parametrize(
    ("email", "password", "code"),
    [
        ("taken@example.com", PASSWORD, "email_taken"),
        ("TAKEN@example.com", PASSWORD, "email_taken"),
        ("new@example.com", "short", "password_too_short"),
        ("new@example.com", "password1", "password_too_common"),
        ("no address", PASSWORD, "invalid"),
        ("", PASSWORD, "required"),
    ],
)
def test_sign_up_says_what_is_wrong(email: str, password: str, code: str) -> None:
    UserFactory.create(email="taken@example.com")

    answer = Browser().sign_up(email, password)

    assert answer.status_code == 400
    assert [error["code"] for error in answer.json()["errors"]] == [code]
    assert User.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_sign_ups_at_once_with_one_address_make_one_user() -> None:
    browsers = [Browser() for _ in range(4)]

    def sign_up(browser: Browser) -> int:
        from django.db import connection

        try:
            return int(browser.sign_up("twin@example.com", PASSWORD).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(browsers)) as pool:
        statuses = sorted(pool.map(sign_up, browsers))

    assert User.objects.count() == 1
    assert statuses[0] == 200
    assert set(statuses[1:]) <= {400, 409}


def test_login_ignores_the_case_of_the_address() -> None:
    UserFactory.create(email="ada@example.com")
    browser = Browser()

    assert browser.log_in("ADA@example.com", PASSWORD).status_code == 200
    assert browser.signed_in()


def test_login_of_a_user_made_in_mixed_case_works() -> None:
    UserFactory.create(email="Grace@Example.com")

    assert Browser().log_in("Grace@Example.com", PASSWORD).status_code == 200


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
def test_login_with_a_wrong_password_does_not_tell_whether_the_address_is_known(email: str) -> None:
    UserFactory.create(email="ada@example.com")

    answer = Browser().log_in(email, "wrong password")

    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {
            "code": "email_password_mismatch",
            "message": "The email address and/or password you specified are not correct.",
            "param": "password",
        }
    ]


def test_login_of_a_deactivated_user_is_refused() -> None:
    user = UserFactory.create(is_active=False)
    browser = Browser()

    browser.log_in(user.email, PASSWORD)

    assert not browser.signed_in()


def test_logout_ends_the_session() -> None:
    browser = Browser()
    browser.sign_up("ada@example.com", PASSWORD)
    stolen = browser.cookies["sessionid"].value

    assert browser.log_out().status_code == 401
    assert not browser.signed_in()
    browser.cookies["sessionid"] = stolen
    assert not browser.signed_in()


def test_change_of_password_keeps_this_browser_and_signs_out_the_others() -> None:
    user = UserFactory.create()
    here, there = Browser(), Browser()
    here.log_in(user.email, PASSWORD)
    there.log_in(user.email, PASSWORD)

    assert here.change_password(PASSWORD, "another good horse").status_code == 200

    assert here.signed_in()
    assert not there.signed_in()
    assert Browser().log_in(user.email, PASSWORD).status_code == 400
    assert Browser().log_in(user.email, "another good horse").status_code == 200


def test_change_of_password_needs_the_current_one() -> None:
    user = UserFactory.create()
    browser = Browser()
    browser.log_in(user.email, PASSWORD)

    answer = browser.change_password("wrong", "another good horse")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "enter_current_password"


@pytest.mark.parametrize("path", ["auth/login", "auth/signup", "account/password/change"])
def test_without_the_csrf_token_a_post_is_refused(path: str) -> None:
    answer = Browser().post(f"{AUTH}/{path}", {}, content_type="application/json")

    assert answer.status_code == 403
    assert answer.json()["code"] == "permission_denied"


def test_logout_without_the_csrf_token_is_refused() -> None:
    browser = Browser()
    browser.sign_up("ada@example.com", PASSWORD)

    assert browser.delete(f"{AUTH}/auth/session").status_code == 403
    assert browser.signed_in()


@pytest.mark.parametrize(
    "body",
    [
        [],
        "text",
        "[" * 100_000,
        {},
        {"email": 5, "password": 5},
        {"email": {"a": 1}, "password": ["b"]},
        {"email": "ada@example.com", "password": "\ud800 lone surrogate"},
        {"email": "ada\ud800@example.com", "password": PASSWORD},
        {"email": "ada@example.com", "password": "with a \0 in it"},
        {"email": "a" * 1_000_000 + "@example.com", "password": PASSWORD},
    ],
    ids=lambda body: repr(body)[:60],
)
@pytest.mark.parametrize("path", ["auth/login", "auth/signup"])
def test_malformed_input_is_refused(path: str, body: Any) -> None:
    answer = Browser().call("post", f"{AUTH}/{path}", body)

    assert answer.status_code == 400
    assert User.objects.count() == 0


@pytest.mark.parametrize("path", ["auth/login", "auth/signup"])
def test_a_form_is_refused(path: str) -> None:
    browser = Browser()
    token = browser.cookies["csrftoken"].value

    answer = browser.post(f"{AUTH}/{path}", {"email": "ada@example.com"}, headers={"X-CSRFToken": token})

    assert answer.status_code == 415


def test_guessing_a_password_is_stopped(settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {}
    user = UserFactory.create(email="guessed@example.com")
    for _ in range(5):
        Browser().log_in(user.email, "wrong password")

    answer = Browser().log_in(user.email, PASSWORD)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "too_many_login_attempts"


def test_signing_up_again_and_again_is_stopped(settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"signup": "2/m/ip"}

    statuses = [Browser().sign_up(f"many-{n}@example.com", PASSWORD).status_code for n in range(3)]

    assert statuses == [200, 200, 429]


def test_without_valkey_signing_in_says_so(settings: Settings, valkey_down: Valkey) -> None:
    settings.ACCOUNT_RATE_LIMITS = {}
    user = UserFactory.create()

    answer = Browser().log_in(user.email, PASSWORD)

    assert answer.status_code == 503
    assert answer.json()["code"] == "queue_unavailable"


def test_no_other_endpoint_of_allauth_is_open() -> None:
    for path in ("auth/password/request", "auth/email/verify", "account/email", "account/phone"):
        assert Browser().call("post", f"{AUTH}/{path}", {}).status_code == 404
