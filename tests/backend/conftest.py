"""Every test process has a real Valkey to itself, and a provider that is faked over HTTP."""

import logging
import os
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from backend.private_valkey import Valkey
from backend.settings import VALKEY
from fake_openai import FakeOpenAI


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


@pytest.fixture(params=["person", "team"])
def owner(request: pytest.FixtureRequest, settings: Settings) -> Any:
    """Whoever owns the chats: a person with a number as key, or a team with a UUID."""
    from backend.factories import TeamFactory, UserFactory

    if request.param == "person":
        return UserFactory.create()
    settings.CHATTABLE = {**settings.CHATTABLE, "OWNER_RESOLVER": "backend.teams.owners.team_of"}
    return TeamFactory.create(people=[UserFactory.create()])


@pytest.fixture
def chat() -> Any:
    """A chat of a new person."""
    from backend.factories import ChatFactory

    return ChatFactory.create()


@pytest.fixture
def quick(settings: Settings, provider: FakeOpenAI) -> None:
    """A fast heart, an empty queue and a provider without scripts."""
    from backend.api import empty_queue

    settings.CHATTABLE = {**settings.CHATTABLE, "HEARTBEAT_SECONDS": 0.1, "MODEL": "m"}
    provider.reset()
    empty_queue()


@pytest.fixture
def impatient(quick: None, settings: Settings) -> None:
    """Quick, and short limits after which an answer counts as lost."""
    limits = {"LEASE_SECONDS": 1, "SWEEP_SECONDS": 0.2, "REQUEUE_SECONDS": 0.5}
    settings.CHATTABLE = {**settings.CHATTABLE, **limits}


@pytest.fixture
def hire() -> Iterator[Any]:
    """Makes workers, and ends them with the test."""
    from backend.workers import Worker

    workers: list[Worker] = []

    def hire() -> Worker:
        workers.append(Worker())
        return workers[-1]

    yield hire
    for worker in workers:
        worker.close()


@pytest.fixture
def worker(hire: Any) -> Any:
    """One worker."""
    return hire()


@pytest.fixture
def database() -> Iterator[Any]:
    """What the workers say to the database."""
    from backend.workers import watched_database

    with watched_database() as database:
        yield database


@pytest.fixture
def api(owner: Any) -> Any:
    """The requests of the owner, or of somebody in the owning team."""
    from backend.api import Api, empty_queue

    empty_queue()
    return Api(owner.people.get() if hasattr(owner, "people") else owner)
