"""The check of a pooled connection: it costs nothing while the connection is sound. PostgreSQL only."""

import select
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection as other

from backend.listener import wait_until
from config.connections import check_connection

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def connection() -> Iterator[psycopg.Connection[Any]]:
    params = other.get_connection_params()
    own = {name: params[name] for name in ("dbname", "user", "host", "port") if name in params}
    with psycopg.connect(**own, autocommit=True) as opened:
        yield opened


def ask(query: str, *params: str | int) -> Any:
    with other.cursor() as cursor:
        cursor.execute(query, params)
        return cursor.fetchone()


def test_a_sound_connection_is_asked_nothing(connection: psycopg.Connection[Any]) -> None:
    connection.execute("SELECT 'before'")
    check_connection(connection)

    [query] = ask("SELECT query FROM pg_stat_activity WHERE pid = %s", connection.info.backend_pid)
    assert query == "SELECT 'before'"


def test_one_that_the_server_has_closed_is_found(connection: psycopg.Connection[Any]) -> None:
    ask("SELECT pg_terminate_backend(%s)", connection.info.backend_pid)

    def is_found() -> bool:
        try:
            check_connection(connection)
        except psycopg.OperationalError:
            return True
        return False

    wait_until(is_found, seconds=20)


def test_a_notice_is_no_end(connection: psycopg.Connection[Any]) -> None:
    connection.execute("LISTEN here")
    ask("SELECT pg_notify('here', '')")
    wait_until(lambda: _has_said_something(connection), seconds=20)
    check_connection(connection)

    assert connection.execute("SELECT 1").fetchone() == (1,)


def _has_said_something(connection: psycopg.Connection[Any]) -> bool:
    return bool(select.select([connection.fileno()], [], [], 0)[0])
