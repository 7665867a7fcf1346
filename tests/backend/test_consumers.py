"""The socket, as browsers and scripts meet it: real handshakes with a real server over a real Valkey."""

import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from itertools import pairwise
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from accounts.models import ApiKey, User
from backend.browser import Browser
from backend.factories import PASSWORD, ApiKeyFactory, ChatFactory, UserFactory
from backend.listener import wait_until
from backend.web_server import WebServer, web_server
from chattable import consumers, events, subscriptions

type Socket = AbstractContextManager[ClientConnection]

pytestmark = pytest.mark.django_db(transaction=True)

APP = "app.example.com"


@pytest.fixture(scope="module")
def _server() -> Iterator[WebServer]:
    with web_server() as server:
        yield server


@pytest.fixture
def server(_server: WebServer, settings: Settings) -> WebServer:
    settings.ALLOWED_HOSTS = ["testserver", "127.0.0.1", APP]
    return _server


@pytest.fixture
def user() -> User:
    return UserFactory.create()


def sign_in(user: User) -> Browser:
    browser = Browser()
    assert browser.log_in(user.email, PASSWORD).status_code == 200
    return browser


def cookie(browser: Client) -> dict[str, str]:
    return {"Cookie": f"sessionid={browser.cookies['sessionid'].value}"}


def tab(server: WebServer, browser: Client) -> Socket:
    """The socket of a page of ours."""
    return server.connect(origin=f"http://{server.host}", headers=cookie(browser))


def script(server: WebServer, secret: str) -> Socket:
    """The socket of a script."""
    return server.connect(headers={"Authorization": f"Bearer {secret}"})


def publish(user: User, **fields: Any) -> dict[str, Any]:
    event = {"type": "test", **fields}
    events.publish(events.owner_group(user), event)
    return event


def received(socket: ClientConnection) -> Any:
    return json.loads(socket.recv(timeout=5))


def carries(socket: ClientConnection, user: User) -> bool:
    """Whether the socket stands and carries the user's events."""
    event = publish(user, marker=time.monotonic())
    return bool(received(socket) == event)


def close_code(socket: ClientConnection, *, seconds: float = 1.0) -> int | None:
    """The code that the server closes the socket with, in time."""
    try:
        socket.recv(timeout=seconds)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None
    except TimeoutError:
        pytest.fail("the socket stays open")
    pytest.fail("the socket carries something")


def refused(socket: Socket) -> bool:
    """Whether the handshake is answered with 403."""
    try:
        with socket:
            return False
    except InvalidStatus as refusal:
        return refusal.response.status_code == 403


# Who is let in.


def test_a_page_of_ours_is_let_in(server: WebServer, user: User) -> None:
    with tab(server, sign_in(user)) as socket:
        assert carries(socket, user)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        f"http://{APP}:8001",
        f"https://{APP}",
        f"http://{APP}.evil.example",
        f"https://{APP}.evil.example",
        "http://evil.example/app.example.com",
        f"http://evil.example#{APP}",
        f"http://user@{APP}",
        f"ws://{APP}",
        APP,
        "*",
        "",
    ],
)
def test_another_site_with_our_cookie_is_refused(
    server: WebServer, user: User, origin: str, caplog: pytest.LogCaptureFixture
) -> None:
    headers = cookie(sign_in(user))

    assert refused(server.connect(host=APP, origin=origin, headers=headers))
    assert [record.getMessage() for record in caplog.records if record.name == "chattable.subscriptions"] == [
        f"Refused a socket from origin {origin!r}."
    ]


def test_the_same_cookie_is_let_in_from_our_own_address(server: WebServer, user: User) -> None:
    with server.connect(host=APP, origin=f"http://{APP}", headers=cookie(sign_in(user))) as socket:
        assert carries(socket, user)


@pytest.mark.parametrize("host", ["unknown.example", "evil.example:80"])
def test_a_host_that_is_not_ours_is_no_origin_of_ours(server: WebServer, user: User, host: str) -> None:
    assert refused(server.connect(host=host, origin=f"http://{host}", headers=cookie(sign_in(user))))


@pytest.mark.parametrize(
    ("trusted", "origin", "allowed"),
    [
        ("https://chat.example.org", "https://chat.example.org", True),
        ("https://chat.example.org", "http://chat.example.org", False),
        ("https://chat.example.org", "https://chat.example.org:8443", False),
        ("https://chat.example.org:8443", "https://chat.example.org:8443", True),
        ("https://*.example.org", "https://a.example.org", True),
        ("https://*.example.org", "https://a.b.example.org", True),
        ("https://*.example.org", "http://a.example.org", False),
        ("https://*.example.org", "https://a.example.org:8443", False),
        ("https://*.example.org", "https://example.org.evil.example", False),
        ("https://*.example.org", "https://evilexample.org", False),
        ("https://*", "https://evil.example", False),
    ],
)
def test_trusted_origins_are_those_of_csrf(
    server: WebServer, user: User, settings: Settings, trusted: str, origin: str, allowed: bool
) -> None:
    settings.CSRF_TRUSTED_ORIGINS = [trusted]
    headers = cookie(sign_in(user))

    if allowed:
        with server.connect(origin=origin, headers=headers) as socket:
            assert carries(socket, user)
    else:
        assert refused(server.connect(origin=origin, headers=headers))


@pytest.mark.parametrize(
    ("proto", "origin", "allowed"),
    [
        ("https", f"https://{APP}", True),
        ("https", f"http://{APP}", False),
        ("http", f"http://{APP}", True),
        ("http", f"https://{APP}", False),
    ],
)
def test_behind_a_proxy_its_header_names_the_scheme(
    server: WebServer, user: User, settings: Settings, proto: str, origin: str, allowed: bool
) -> None:
    headers = cookie(sign_in(user)) | {"X-Forwarded-Proto": proto}
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

    if allowed:
        with server.connect(host=APP, origin=origin, headers=headers) as socket:
            assert carries(socket, user)
    else:
        assert refused(server.connect(host=APP, origin=origin, headers=headers))


def test_a_proxy_that_is_not_configured_has_no_say(server: WebServer, user: User) -> None:
    headers = cookie(sign_in(user)) | {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}

    assert refused(server.connect(host=APP, origin=f"https://{APP}", headers=headers))
    assert refused(server.connect(host=APP, origin="http://evil.example", headers=headers))


def test_a_script_needs_no_origin(server: WebServer) -> None:
    key = ApiKeyFactory.create(secret="ck_secret")

    with script(server, "ck_secret") as socket:
        assert carries(socket, key.user)


def test_a_script_from_another_site_is_refused(server: WebServer) -> None:
    ApiKeyFactory.create(secret="ck_secret")
    headers = {"Authorization": "Bearer ck_secret"}

    assert refused(server.connect(origin="https://evil.example", headers=headers))


@pytest.mark.parametrize("authorization", ["Bearer ck_unknown", "Bearer ck_revoked", "Bearer ", "Bearer", "Basic YTpi"])
@pytest.mark.parametrize("with_origin", [True, False])
def test_a_bad_key_is_refused_and_never_falls_back_to_the_cookie(
    server: WebServer, user: User, authorization: str, with_origin: bool
) -> None:
    ApiKeyFactory.create(user=user, secret="ck_revoked").delete()
    headers = cookie(sign_in(user)) | {"Authorization": authorization}
    origin = f"http://{server.host}" if with_origin else ""

    assert refused(server.connect(origin=origin, headers=headers))


def test_by_default_a_cookie_never_counts_without_an_origin(server: WebServer, user: User, settings: Settings) -> None:
    settings.CHATTABLE = {}
    headers = cookie(sign_in(user))

    assert refused(server.connect(headers=headers | {"Authorization": "Bearer anything"}))
    with server.connect(origin=f"http://{server.host}", headers=headers) as socket:
        assert carries(socket, user)


def test_nobody_is_refused(server: WebServer) -> None:
    origin = f"http://{server.host}"

    assert refused(server.connect(origin=origin))
    assert refused(server.connect(origin=origin, headers={"Cookie": "sessionid=unknown"}))


def test_a_person_who_was_shut_out_is_refused(server: WebServer, user: User) -> None:
    browser = sign_in(user)
    ApiKeyFactory.create(user=user, secret="ck_secret")
    User.objects.update(is_active=False)

    assert refused(tab(server, browser))
    assert refused(script(server, "ck_secret"))


def test_a_rotated_secret_key_signs_nobody_out(server: WebServer, user: User, settings: Settings) -> None:
    browser = sign_in(user)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the next secret key"

    with tab(server, browser) as socket:
        assert carries(socket, user)
    assert browser.signed_in()


# What is carried.


def test_an_owner_gets_nothing_of_another_owner(server: WebServer, user: User) -> None:
    stranger = UserFactory.create()
    with tab(server, sign_in(user)) as mine, tab(server, sign_in(stranger)) as theirs:
        ChatFactory.create(owner=user, title="Private")
        marker = publish(stranger, marker=1)

        assert received(mine)["chat"]["title"] == "Private"
        assert received(theirs) == marker


def test_every_socket_of_an_owner_gets_every_event_in_order(server: WebServer, user: User) -> None:
    browser, other = sign_in(user), sign_in(user)
    with ExitStack() as stack:
        sockets = [stack.enter_context(tab(server, page)) for page in (browser, other) for _ in range(10)]

        sent = [publish(user, number=number) for number in range(50)]

        for socket in sockets:
            seen: list[Any] = []
            while len(seen) < len(sent):
                frame = received(socket)
                seen.extend(frame if isinstance(frame, list) else [frame])
            assert seen == sent


def test_a_reloaded_page_gets_events_each_time(server: WebServer, user: User) -> None:
    browser = sign_in(user)
    for _ in range(20):
        with tab(server, browser) as socket:
            assert carries(socket, user)


def test_a_ping_is_answered(server: WebServer, user: User) -> None:
    with tab(server, sign_in(user)) as socket:
        for ping in ('{"type":"ping"}', '{"type": "ping"}'):
            socket.send(ping)
            assert socket.recv(timeout=5) == '{"type":"pong"}'


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "ping",
        '"ping"',
        '{"type":"stop"}',
        '{"type":"pong"}',
        '{"type":"ping","chat":1}',
        '[{"type":"ping"}]',
        b'{"type":"ping"}',
        "x" * 60_000,
        "\u0000",
    ],
)
def test_anything_else_from_below_closes_the_socket(server: WebServer, user: User, frame: str | bytes) -> None:
    with tab(server, sign_in(user)) as socket:
        socket.send(frame)

        assert close_code(socket) == 1008


def test_a_frame_that_no_page_sends_is_not_even_read(server: WebServer, user: User) -> None:
    with tab(server, sign_in(user)) as socket:
        socket.send("x" * (2**16 + 1))

        assert close_code(socket) == 1009


def test_a_large_event_arrives_whole(server: WebServer, user: User) -> None:
    with tab(server, sign_in(user)) as socket:
        event = publish(user, text="é" * subscriptions.MAX_BACKLOG)

        assert received(socket) == event


# When a credential ends.


def test_logout_closes_the_sockets_of_this_session_only(server: WebServer, user: User) -> None:
    browser, other = sign_in(user), sign_in(user)
    with tab(server, browser) as first, tab(server, browser) as second, tab(server, other) as elsewhere:
        browser.log_out()

        assert close_code(first) == close_code(second) == 4401
        assert carries(elsewhere, user)
        assert refused(tab(server, browser))


def test_a_change_of_password_closes_all_sockets_and_this_browser_may_come_back(server: WebServer, user: User) -> None:
    browser, other = sign_in(user), sign_in(user)
    with tab(server, browser) as here, tab(server, other) as elsewhere:
        browser.change_password(PASSWORD, "another good horse")

        assert close_code(here) == close_code(elsewhere) == 4401
        with tab(server, browser) as again:
            assert carries(again, user)
        assert refused(tab(server, other))


def test_revoking_a_key_closes_its_sockets_only(server: WebServer, user: User) -> None:
    browser = sign_in(user)
    key = ApiKeyFactory.create(user=user, secret="ck_one")
    ApiKeyFactory.create(user=user, secret="ck_two")
    with script(server, "ck_one") as one, script(server, "ck_two") as two, tab(server, browser) as page:
        assert browser.call("delete", f"/api/keys/{key.pk}/").status_code == 204

        assert close_code(one) == 4401
        assert carries(two, user)
        assert received(page)


def test_deactivation_closes_every_socket_of_the_person(server: WebServer, user: User) -> None:
    stranger = UserFactory.create()
    ApiKeyFactory.create(user=user, secret="ck_secret")
    browser, other_browser = sign_in(user), sign_in(stranger)
    with tab(server, browser) as page, script(server, "ck_secret") as bot, tab(server, other_browser) as other:
        user.is_active = False
        user.save()

        assert close_code(page) == close_code(bot) == 4401
        assert carries(other, stranger)


def test_an_end_that_no_signal_told_of_is_found_by_the_next_check(
    server: WebServer, user: User, settings: Settings
) -> None:
    settings.CHATTABLE = {**settings.CHATTABLE, "RECHECK_SECONDS": 0.2}
    ApiKeyFactory.create(user=user, secret="ck_secret")
    with script(server, "ck_secret") as socket:
        assert carries(socket, user)

        keys = ApiKey.objects.all()
        keys._raw_delete(keys.db)

        assert close_code(socket) == 4401


def test_a_credential_that_ends_during_the_handshake_is_noticed(
    server: WebServer, user: User, settings: Settings
) -> None:
    ApiKeyFactory.create(user=user, secret="ck_secret")
    settings.CHATTABLE = {**settings.CHATTABLE, "OWNER_RESOLVER": OnlyOnce()}

    with script(server, "ck_secret") as socket:
        assert close_code(socket) == 4401


class OnlyOnce:
    """A resolver whose credential has ended when it is asked again."""

    asked = False

    def __call__(self, scope: Any) -> User | None:
        if self.asked:
            return None
        self.asked = True
        return User.objects.get()


def test_many_doubts_are_one_check(server: WebServer, user: User, settings: Settings) -> None:
    asked: list[float] = []

    def resolver(scope: Any) -> User:
        asked.append(time.monotonic())
        time.sleep(0.05)
        return user

    settings.CHATTABLE = {**settings.CHATTABLE, "OWNER_RESOLVER": resolver}
    with script(server, "any") as socket:
        wait_until(lambda: len(asked) == 2)
        for _ in range(100):
            events.recheck(user)
        assert carries(socket, user)
        assert len(asked) < 10


# When something is away.


def test_a_check_that_cannot_be_made_keeps_the_socket(
    server: WebServer, user: User, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    from django.db import OperationalError

    away = threading.Event()

    def resolver(scope: Any) -> User:
        if away.is_set():
            raise OperationalError("the database is away")
        return user

    settings.CHATTABLE = {**settings.CHATTABLE, "OWNER_RESOLVER": resolver, "RECHECK_SECONDS": 0.05}
    with script(server, "any") as socket:
        away.set()
        wait_until(lambda: len([r for r in caplog.records if "could not be checked" in r.getMessage()]) > 2)

        assert carries(socket, user)
        assert refused(script(server, "any"))
        assert not [record for record in caplog.records if record.exc_info]
        away.clear()
        with script(server, "any") as again:
            assert carries(again, user)


def test_pages_that_missed_events_while_valkey_was_away_are_told_so(
    server: WebServer, user: User, running_valkey: Any, caplog: pytest.LogCaptureFixture
) -> None:
    browser = sign_in(user)
    with tab(server, browser) as socket:
        running_valkey.stop()
        wait_until(lambda: "The channel layer is away" in caplog.text)
        running_valkey.restart()

        assert json.loads(socket.recv(timeout=20)) == {"type": "gap"}
        assert carries(socket, user)
    assert not [record for record in caplog.records if record.exc_info]


def test_without_valkey_a_socket_is_refused_for_now(
    server: WebServer, user: User, running_valkey: Any, caplog: pytest.LogCaptureFixture
) -> None:
    ApiKeyFactory.create(user=user, secret="ck_secret")
    running_valkey.stop()
    try:
        wait_until(lambda: refused(script(server, "ck_secret")), seconds=20)
    finally:
        running_valkey.restart()
    wait_until(lambda: not refused(script(server, "ck_secret")), seconds=20)
    assert not [record for record in caplog.records if record.exc_info and record.name.startswith("uvicorn")]


# Readers that misbehave.


def test_a_slow_reader_gets_a_gap_instead_of_what_would_pile_up(server: WebServer, user: User) -> None:
    browser = sign_in(user)
    slow_tab = server.connect(origin=f"http://{server.host}", headers=cookie(browser), buffer=4096)
    with tab(server, browser) as fast, slow_tab as slow:
        for number in range(200):
            event = publish(user, number=number, text=secrets.token_hex(50_000))
            assert received(fast) == event
        taken = [received(slow)]
        while taken[-1].get("number") != 199:
            taken.append(received(slow))
        marker = publish(user, marker=1)
        assert received(fast) == received(slow) == marker
    numbers = [event["number"] for event in taken if event["type"] != "gap"]
    holes = [now for before, now in pairwise(numbers) if now != before + 1]
    assert holes
    assert [after["number"] for gap, after in pairwise(taken) if gap["type"] == "gap"] == holes
    assert len(numbers) < 100


def test_a_reader_who_has_left_during_the_handshake_is_not_waited_for(
    server: WebServer, user: User, settings: Settings
) -> None:
    """After a restart a thousand pages come back at once; many of those that wait have given up already."""
    asked, release = threading.Semaphore(0), threading.Event()
    resolved: list[Any] = []

    def resolver(scope: Any) -> User:
        asked.release()
        assert release.wait(20)
        resolved.append(scope["query_string"])
        return user

    settings.CHATTABLE = {**settings.CHATTABLE, "OWNER_RESOLVER": resolver}
    with ExitStack() as stack:
        stack.callback(release.set)
        stack.enter_context(server.half_open("first"))
        assert asked.acquire(timeout=20)
        others = server.connections
        with ExitStack() as waiting:
            for number in range(20):
                waiting.enter_context(server.half_open(f"left-{number}"))
            wait_until(lambda: server.connections == others + 20, seconds=20)
        wait_until(lambda: server.connections == others, seconds=20)
        release.set()
        # Its own turn comes after all that waited before.
        with script(server, "any") as last:
            assert carries(last, user)
    assert resolved[0] == b"first"
    assert not [query for query in resolved if query.startswith(b"left-")]


@pytest.mark.parametrize("seconds", [60.0, 0.0])
def test_more_messages_than_any_page_sends_close_the_socket(
    server: WebServer, user: User, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "PER_SECONDS", seconds)
    with tab(server, sign_in(user)) as socket:
        for _ in range(100):
            socket.send('{"type":"ping"}')
            assert received(socket) == {"type": "pong"}
        socket.send('{"type":"ping"}')

        if seconds:
            assert close_code(socket) == 1008
        else:
            assert received(socket) == {"type": "pong"}
