from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.test import Client
from pytest_django.fixtures import Settings

from backend.factories import UserFactory
from backend.private_valkey import Valkey
from chattable import layers

pytestmark = pytest.mark.django_db


def ready() -> tuple[int, Any]:
    answer = Client().get("/readyz")
    return answer.status_code, answer.json()


def test_healthz_says_that_the_process_answers() -> None:
    answer = Client().get("/healthz")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}
    assert "no-store" in answer.headers["Cache-Control"]


def test_healthz_asks_nothing_else(valkey_down: Valkey) -> None:
    assert Client().get("/healthz").status_code == 200


def test_readyz_waits_for_a_worker() -> None:
    assert ready() == (503, {"status": "unavailable", "database": "ok", "valkey": "ok", "workers": 0})

    layers.call(layers.join_workers())
    try:
        assert ready() == (200, {"status": "ok", "database": "ok", "valkey": "ok", "workers": 1})
    finally:
        # This process is no worker, and other tests count them.
        layer: Any = get_channel_layer()
        layers.call(layer.flush())


def test_readyz_names_what_is_away(valkey_down: Valkey) -> None:
    status, body = ready()

    assert status == 503
    assert body == {"status": "unavailable", "database": "ok", "valkey": "unavailable", "workers": "unavailable"}


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("demo", [True, False])
def test_config_offers_the_demo_login_in_development_only(settings: Settings, debug: bool, demo: bool) -> None:
    settings.DEBUG, settings.DEMO = debug, demo

    answer = Client().get("/api/config/")

    assert answer.status_code == 200
    assert answer.json() == {
        "login": None,
        "features": settings.CHATTABLE["FEATURES"],
        "csrf_cookie": "csrftoken",
        "max_message_chars": 500_000,
        "demo": demo,
        "demo_login": settings.DEMO_LOGIN if debug and demo else None,
    }


def test_config_sets_the_csrf_cookie() -> None:
    assert "csrftoken" in Client().get("/api/config/").cookies


def test_config_is_public_even_with_a_bad_key() -> None:
    assert Client().get("/api/config/", headers={"Authorization": "Bearer ck_wrong"}).status_code == 200


def test_swagger_ui_runs_on_local_files_only() -> None:
    answer = Client().get("/api/docs/")

    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "style-src 'self' 'unsafe-inline';" in policy
    assert b"http://" not in answer.content
    assert b"https://" not in answer.content
    assert b"/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js" in answer.content
    assert Client().get("/api/docs/?script=").headers["Content-Type"].startswith("application/javascript")


def test_the_admin_works_with_the_policy_of_the_page() -> None:
    client = Client()
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))

    for path in ("/admin/", "/admin/accounts/user/", "/admin/accounts/user/add/", "/admin/accounts/apikey/"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "'unsafe-inline'" not in answer.headers["Content-Security-Policy"]


def test_the_admin_makes_and_changes_users() -> None:
    client = Client()
    admin = UserFactory.create(is_staff=True, is_superuser=True)
    client.force_login(admin)
    form = {
        "email": "New@Example.com",
        "usable_password": "true",
        "password1": "a good horse",
        "password2": "a good horse",
    }

    assert client.post("/admin/accounts/user/add/", form).status_code == 302

    user = type(admin).objects.get(email="new@example.com")
    assert user.check_password("a good horse")
    assert client.post(f"/admin/accounts/user/{user.pk}/change/", {"email": user.email}).status_code == 302
    user.refresh_from_db()
    assert not user.is_active


def test_a_person_who_is_not_staff_may_not_use_the_admin() -> None:
    client = Client()
    client.force_login(UserFactory.create())

    assert client.get("/admin/").status_code == 302
