"""Every test process has a real Valkey to itself, and a provider that is faked over HTTP."""

import logging
import os
from collections.abc import Iterator

import pytest

from backend.private_valkey import Valkey
from fake_openai import FakeOpenAI

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
    # Now that they are read. Processes of xdist would inherit it, and read them before they come to this file.
    del os.environ["DJANGO_SETTINGS_MODULE"]


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
