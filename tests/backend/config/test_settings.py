import os
import subprocess
import sys
from pathlib import Path

import pytest

PRODUCTION = {
    "SECRET_KEY": "7b1xq&0wz!p3m@e8k#v5r^t2y*u6i(o9a)s4d-f_g=h+j-and-more-of-it",
    "ALLOWED_HOSTS": "chat.example.com",
    "DATABASE_URL": "postgres://chat:secret@127.0.0.1:9/chat",
    "SECURE_COOKIES": "",
}
BACKEND = Path(__file__).resolve().parents[3] / "backend"


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """What a `manage.py` command answers in this environment."""
    return subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:config", "manage.py", *arguments],
        cwd=BACKEND,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_nothing_is_found_wanting_in_development() -> None:
    answer = manage("check", "--fail-level", "WARNING", DEBUG="1", SECRET_KEY="")

    assert answer.returncode == 0, answer.stderr
    assert "no issues" in answer.stdout
    assert not answer.stderr


def test_nothing_is_found_wanting_in_production() -> None:
    answer = manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION, SECURE_PROXY_SSL_HEADER="1")

    assert answer.returncode == 0, answer.stderr
    assert not answer.stderr


@pytest.mark.parametrize("proxy", [True, False])
def test_the_headers_of_a_proxy_count_only_where_there_is_one(proxy: bool) -> None:
    answer = manage("diffsettings", "--all", **PRODUCTION, SECURE_PROXY_SSL_HEADER=str(int(proxy)))

    lines = answer.stdout.replace("### ", "").splitlines()
    trusted = "('HTTP_X_FORWARDED_PROTO', 'https')" if proxy else "None"
    assert f"SECURE_PROXY_SSL_HEADER = {trusted}" in lines
    assert f"ALLAUTH_TRUSTED_PROXY_COUNT = {int(proxy)}  ###" in lines
    assert f"SECURE_SSL_REDIRECT = {proxy}" in lines
    assert "SESSION_COOKIE_SECURE = True" in lines
    assert "CSRF_COOKIE_SECURE = True" in lines


def test_production_needs_a_secret_key() -> None:
    answer = manage("check", SECRET_KEY="")

    assert answer.returncode == 1
    assert "Set SECRET_KEY" in answer.stderr


def test_no_migration_is_missing() -> None:
    answer = manage("makemigrations", "--check", "--dry-run")

    assert answer.returncode == 0, answer.stdout
