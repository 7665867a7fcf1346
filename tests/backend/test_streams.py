"""The stream of events over plain HTTP: what a socket carries, for whom no socket reaches."""

import http.client
import json
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import pairwise
from typing import Any
from urllib.request import urlopen

import pytest
from django.conf import settings as django_settings
from django.db import OperationalError, connection
from pytest_django.fixtures import Settings

from accounts.models import ApiKey, User
from backend.api import Api
from backend.browser import Browser
from backend.factories import PASSWORD, ApiKeyFactory, ChatFactory, UserFactory
from backend.listener import wait_until
from backend.web_server import WebServer, web_server
from chattable import events, streams

pytestmark = pytest.mark.django_db(transaction=True)

KEY = {"Authorization": "Bearer ck_secret"}


@pytest.fixture(scope="module")
def _server() -> Iterator[WebServer]:
    with web_server() as server:
        yield server


@pytest.fixture
def server(_server: WebServer, settings: Settings) -> WebServer:
    settings.ALLOWED_HOSTS = ["testserver", "127.0.0.1"]
    return _server


@pytest.fixture
def user() -> User:
    return ApiKeyFactory.create(secret="ck_secret").user


def cookie(user: User) -> tuple[Browser, dict[str, str]]:
    browser = Browser()
    assert browser.log_in(user.email, PASSWORD).status_code == 200
    return browser, {"Cookie": f"sessionid={browser.cookies['sessionid'].value}"}


def publish(user: User, **fields: Any) -> dict[str, Any]:
    event = {"type": "test", **fields}
    events.publish(events.owner_group(user), event)
    return event


def status_of(server: WebServer) -> int:
    with server.stream(KEY) as answer:
        return answer.status


def flat(frame: Any) -> list[Any]:
    return frame if isinstance(frame, list) else [frame]


# What is carried.


def test_a_stream_carries_what_a_socket_carries_in_order(server: WebServer, user: User) -> None:
    with server.connect(headers=KEY) as socket, server.stream(KEY) as stream:
        chat = ChatFactory.create(owner=user, title="Ünïcode\nand a line")
        chat.send("Hello?")
        for number in range(50):
            publish(user, number=number)
        carried: list[Any] = []
        streamed: list[Any] = []
        while not carried or carried[-1].get("number") != 49:
            carried += flat(json.loads(socket.recv(timeout=20)))
        while not streamed or streamed[-1].get("number") != 49:
            streamed += flat(stream.frame())

    assert streamed == carried
    assert [event["number"] for event in streamed if event["type"] == "test"] == list(range(50))
    assert streamed[0]["chat"]["title"] == chat.title


def test_its_headers_let_nobody_keep_or_buffer_it(server: WebServer, user: User) -> None:
    with server.stream(KEY) as stream:
        assert stream.status == 200
        assert stream.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert stream.headers["Cache-Control"] == "no-store"
        assert stream.headers["X-Accel-Buffering"] == "no"


def test_its_first_line_says_that_nothing_is_missed_from_here_on(server: WebServer, user: User) -> None:
    for number in range(20):
        with server.stream(KEY) as stream:
            assert (stream.line() or "").startswith(":")
            publish(user, number=number)
            assert stream.frame()["number"] == number


def test_a_silent_stream_is_kept_alive_by_comments(
    server: WebServer, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert streams.HEARTBEAT_SECONDS <= 15
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.05)
    with server.stream(KEY) as stream:
        assert [stream.line() for _ in range(4)][1:] == [":", ":", ":"]
        publish(user, number=1)
        assert stream.frame()["number"] == 1


def test_a_slow_reader_gets_a_gap_instead_of_what_would_pile_up(server: WebServer, user: User) -> None:
    with server.stream(KEY) as fast, server.stream(KEY, buffer=4096) as slow:
        for number in range(200):
            publish(user, number=number, text=secrets.token_hex(50_000))
            assert fast.frame()["number"] == number
        taken = [slow.frame()]
        while taken[-1].get("number") != 199:
            taken.append(slow.frame())
    numbers = [event["number"] for event in taken if event["type"] != "gap"]
    holes = [now for before, now in pairwise(numbers) if now != before + 1]
    assert holes
    assert [after["number"] for gap, after in pairwise(taken) if gap["type"] == "gap"] == holes
    assert len(numbers) < 100


def test_readers_that_missed_events_while_valkey_was_away_are_told_so(
    server: WebServer, user: User, running_valkey: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with server.stream(KEY) as stream:
        running_valkey.stop()
        wait_until(lambda: "The channel layer is away" in caplog.text, seconds=20)
        running_valkey.restart()

        assert stream.frame() == {"type": "gap"}


# Who is let in, and for how long.


def test_a_page_of_ours_is_let_in_by_its_session(server: WebServer, user: User) -> None:
    _, headers = cookie(user)
    for origin in ({}, {"Origin": f"http://{server.host}"}):
        with server.stream(headers | origin) as stream:
            assert stream.status == 200
            publish(user, number=1)
            assert stream.frame()["number"] == 1


def test_a_stranger_gets_nothing_of_the_owner(server: WebServer, user: User) -> None:
    stranger = UserFactory.create()
    _, headers = cookie(stranger)
    with server.stream(headers) as stream:
        publish(user, number=1)
        publish(stranger, number=2)
        assert stream.frame()["number"] == 2


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Cookie": "sessionid=unknown"},
        {"Authorization": "Bearer ck_unknown"},
        {"Authorization": "Basic YTpi"},
        {**KEY, "Origin": "https://evil.example"},
        {**KEY, "Origin": "null"},
    ],
    ids=str,
)
def test_nobody_is_asked_to_sign_in(server: WebServer, user: User, headers: dict[str, str]) -> None:
    with server.stream(headers) as refused:
        assert refused.status == 401
        assert refused.headers["WWW-Authenticate"] == "Bearer"
        assert refused.body == Api().get("/api/events/").json()


def test_another_site_cannot_use_the_session(server: WebServer, user: User) -> None:
    _, headers = cookie(user)
    with server.stream({**headers, "Origin": "https://evil.example"}) as refused:
        assert refused.status == 401


def test_a_stream_ends_with_its_credential_at_once(server: WebServer, user: User) -> None:
    browser, headers = cookie(user)
    with server.stream(headers) as page, server.stream(KEY) as script:
        page.line()
        before = time.monotonic()
        browser.log_out()
        assert page.rest() == []
        assert time.monotonic() - before < 5
        publish(user, number=1)
        assert script.frame()["number"] == 1
        ApiKey.objects.all().delete()
        assert script.rest() == []
    with server.stream(headers) as refused:
        assert refused.status == 401


def test_an_end_that_no_signal_told_of_is_found_by_the_next_check(
    server: WebServer, user: User, settings: Settings
) -> None:
    settings.CHATTABLE = {**settings.CHATTABLE, "RECHECK_SECONDS": 0.2}
    with server.stream(KEY) as stream:
        stream.line()
        keys = ApiKey.objects.all()
        keys._raw_delete(keys.db)

        assert stream.rest() == []


# When something is away, or ends.


def test_without_valkey_or_a_database_it_comes_back_later(
    server: WebServer, user: User, settings: Settings, valkey_down: Any
) -> None:
    def resolver(scope: Any) -> User:
        raise OperationalError("the database is away")

    wait_until(lambda: status_of(server) == 503, seconds=20)
    with server.stream(KEY) as refused:
        assert refused.body["code"] == "events_unavailable"
    settings.CHATTABLE = {**settings.CHATTABLE, "OWNER_RESOLVER": resolver}
    assert status_of(server) == 503


def test_a_reader_who_leaves_is_forgotten(server: WebServer, user: User) -> None:
    others = len(streams._open)
    with server.stream(KEY) as stream:
        stream.line()
        assert len(streams._open) == others + 1
    wait_until(lambda: len(streams._open) == others, seconds=20)


def test_an_open_stream_holds_no_thread_and_no_database_connection(server: WebServer, user: User) -> None:
    with server.stream(KEY) as first:
        first.line()
        threads = threading.active_count()
        with ExitStack() as many:
            for _ in range(30):
                many.enter_context(server.stream(KEY)).line()

            assert threading.active_count() <= threads
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
                    assert cursor.fetchone()[0] < 15


def test_only_get_is_a_stream(server: WebServer, user: User) -> None:
    with closing(http.client.HTTPConnection(server.host, timeout=20)) as client:
        client.request("POST", "/api/events/", headers=KEY)
        answer = client.getresponse()
        assert (answer.status, json.load(answer)["code"]) == (405, "method_not_allowed")


def test_without_asgi_the_operator_is_told(user: User) -> None:
    answer = Api(user).get("/api/events/", headers={"Accept": "text/event-stream"})

    assert answer.status_code == 501
    assert answer.json()["code"] == "events_need_asgi"


SERVER = """
import asyncio, uvicorn
from django.conf import settings
settings.CHATTABLE = {"OWNER_RESOLVER": lambda scope: User(pk=1)}
from config.asgi import application
from accounts.models import User

async def main():
    server = uvicorn.Server(uvicorn.Config(application, port=0, log_level="warning"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)
    await serving

asyncio.run(main())
"""


def test_a_server_that_stops_is_not_held_up_by_streams(db: None) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True, cwd=django_settings.BACKEND
    )
    assert child.stdout
    try:
        address = f"127.0.0.1:{int(child.stdout.readline())}"
        answer = urlopen(f"http://{address}/api/events/", timeout=20)
        assert answer.readline().startswith(b":")
        child.terminate()

        assert child.wait(20) in (0, -signal.SIGTERM)
        assert answer.read() == b"\n"
    finally:
        child.kill()
        child.wait()
