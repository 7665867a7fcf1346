import os
import subprocess
import sys
from pathlib import Path

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


def test_nothing_is_found_wanting_in_production(tmp_path: Path) -> None:
    environment = {
        "SECRET_KEY": "7b1xq&0wz!p3m@e8k#v5r^t2y*u6i(o9a)s4d-f_g=h+j",
        "ALLOWED_HOSTS": "chat.example.com",
        "DATABASE_URL": "postgres://chat:secret@127.0.0.1:9/chat",
        "SECURE_COOKIES": "1",
        "SECURE_PROXY_SSL_HEADER": "1",
    }
    environment["SECRET_KEY"] += "-and-more-of-it"

    answer = manage("check", "--deploy", "--fail-level", "WARNING", **environment)

    assert answer.returncode == 0, answer.stderr
    assert not answer.stderr


def test_production_needs_a_secret_key() -> None:
    answer = manage("check", SECRET_KEY="")

    assert answer.returncode == 1
    assert "Set SECRET_KEY" in answer.stderr


def test_no_migration_is_missing() -> None:
    answer = manage("makemigrations", "--check", "--dry-run")

    assert answer.returncode == 0, answer.stdout
