import json
import stat
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import ApiKey, User
from backend.browser import Browser

pytestmark = pytest.mark.django_db


def test_create_api_keys_writes_a_key_of_its_own_user_each(settings: Settings, tmp_path: Path) -> None:
    settings.DEBUG = True
    output = tmp_path / "keys.json"

    call_command("create_api_keys", count=3, output=output)
    call_command("create_api_keys", count=2, output=tmp_path / "more.json")

    keys = json.loads(output.read_text())
    assert len(set(keys)) == 3
    assert User.objects.count() == 5
    for key in keys:
        answer = Client().get("/api/keys/", headers={"Authorization": f"Bearer {key}"})
        assert len(answer.json()["results"]) == 1
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    assert not any(user.has_usable_password() for user in User.objects.all())


def test_create_api_keys_is_refused_outside_debug_without_force(tmp_path: Path) -> None:
    output = tmp_path / "keys.json"

    with pytest.raises(CommandError, match="--force"):
        call_command("create_api_keys", count=3, output=output)
    assert not output.exists()
    assert not ApiKey.objects.exists()

    call_command("create_api_keys", count=3, output=output, force=True)
    assert ApiKey.objects.count() == 3


@pytest.mark.parametrize("count", [0, -1])
def test_create_api_keys_refuses_a_senseless_count(count: int, settings: Settings, tmp_path: Path) -> None:
    settings.DEBUG = True

    with pytest.raises(CommandError, match="--count"):
        call_command("create_api_keys", count=count, output=tmp_path / "keys.json")


def test_create_demo_user_prints_a_login_that_works_each_time(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.DEBUG = True
    for _ in range(2):
        call_command("create_demo_user")
        email, password = capsys.readouterr().out.split()
        assert Browser().log_in(email, password).status_code == 200
        User.objects.update(password="!", is_active=False)


def test_create_demo_user_keeps_open_sessions(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    settings.DEBUG = True
    call_command("create_demo_user")
    browser = Browser()
    browser.log_in(*capsys.readouterr().out.split())

    call_command("create_demo_user")

    assert browser.signed_in()


def test_create_demo_user_is_refused_outside_debug_without_force() -> None:
    with pytest.raises(CommandError, match="--force"):
        call_command("create_demo_user")

    assert not User.objects.exists()
