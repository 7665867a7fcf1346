"""The doctor: each thing that may be wrong is broken here, and named with its cure."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from pytest_django.fixtures import Settings

from accounts.models import User
from backend.factories import ApiKeyFactory
from backend.web_server import WebServer, web_server
from backend.workers import Worker
from chattable import layers
from chattable.models import Chat, Message, Run
from fake_openai import FakeOpenAI

pytestmark = pytest.mark.django_db(transaction=True)

KEY = "ck_secret"
# Sixty numbers in three seconds.
MODEL = "count-n60-r20"


@pytest.fixture(scope="module")
def _server() -> Iterator[WebServer]:
    with web_server() as server:
        yield server


@pytest.fixture
def server(_server: WebServer, settings: Settings) -> WebServer:
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    return _server


@pytest.fixture(autouse=True)
def _demo(provider: FakeOpenAI, settings: Settings) -> None:
    settings.CHATTABLE = {**settings.CHATTABLE, "MODEL": "demo-fast", "BASE_URL": provider.url, "API_KEY": "any"}


@pytest.fixture(autouse=True)
def user() -> User:
    return ApiKeyFactory.create(secret=KEY).user


@pytest.fixture
def listening(settings: Settings) -> Iterator[None]:
    """A worker is counted that does nothing."""
    layers.call(layers.join_workers())
    yield
    # This process is no worker, and other tests count them.
    layer: Any = get_channel_layer()
    layers.call(layer.flush())


@pytest.fixture
def worker(listening: None) -> Iterator[None]:
    """A worker that answers whatever is queued."""
    worker, stop = Worker(), threading.Event()

    def work() -> None:
        while not stop.wait(0.05):
            worker.take_queued()
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    stop.set()
    thread.join(20)
    worker.close()


class Diagnosis:
    """What the command has printed, and its exit code."""

    def __init__(self, **options: Any) -> None:
        output = StringIO()
        self.exit_code = 0
        try:
            call_command("chattable_doctor", stdout=output, **options)
        except SystemExit as end:
            self.exit_code = int(str(end.code))
        self.text = output.getvalue()

    @property
    def codes(self) -> list[str]:
        """The findings, each of which has a cure."""
        found = re.findall(r"^(\w+): .+\n    Cure: .+$", self.text, re.MULTILINE)
        assert bool(found) == bool(self.exit_code)
        return found


def visit(url: str, **options: Any) -> Diagnosis:
    """The diagnosis of an address."""
    return Diagnosis(url=url, **{"key": KEY, "model": MODEL, "wait": 30, **options})


class Proxy:
    """A relay in front of a server, which may change what the client says, and hold back what the server says."""

    def __init__(
        self,
        target: str,
        *,
        ask: Callable[[bytes], bytes] = bytes,
        holds: Callable[[bytes], bool] = lambda data: False,
    ) -> None:
        host, _, port = target.partition(":")
        self._target, self._ask, self._holds = (host, int(port)), ask, holds
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = f"http://{self.host}"
        # Set, it holds back the connection that has asked for the stream.
        self.stream = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                held = threading.Event()
                for relay in (self._up, self._down):
                    threading.Thread(target=relay, args=(client, server, held), daemon=True).start()

    def _up(self, client: socket.socket, server: socket.socket, held: threading.Event) -> None:
        with suppress(OSError):
            while data := client.recv(2**16):
                if data.startswith(b"GET /api/events/"):
                    self.stream = held
                if self._holds(data):
                    held.set()
                server.sendall(self._ask(data))
        _end(server)

    def _down(self, client: socket.socket, server: socket.socket, held: threading.Event) -> None:
        with suppress(OSError):
            kept = b""
            while data := server.recv(2**16):
                kept += data
                if not held.is_set():
                    client.sendall(kept)
                    kept = b""
            client.sendall(kept)
        _end(client)


def _end(end: socket.socket) -> None:
    """Close a socket that another thread may be reading."""
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxy(server: WebServer, **options: Any) -> Iterator[Proxy]:
    relay = Proxy(server.host, **options)
    try:
        yield relay
    finally:
        relay.close()


def counts() -> list[int]:
    return [model.objects.count() for model in (Chat, Message, Run)]


# Nothing is wrong.


def test_a_healthy_stack_has_no_findings_and_keeps_nothing_of_the_visit(server: WebServer, worker: None) -> None:
    diagnosis = visit(f"http://{server.host}/")

    assert diagnosis.codes == []
    assert diagnosis.text == "All is well.\n"
    assert counts() == [0, 0, 0]


def test_an_honest_proxy_is_no_finding(server: WebServer, worker: None) -> None:
    with proxy(server) as relay:
        assert visit(relay.url).codes == []


def test_without_an_address_only_the_parts_are_examined(listening: None) -> None:
    assert "Give --url" in Diagnosis().text


def test_an_address_needs_a_key() -> None:
    with pytest.raises(CommandError, match="--key"):
        Diagnosis(url="http://127.0.0.1:9")


# The parts.


def test_a_database_that_is_away(listening: None) -> None:
    from django.db import OperationalError

    def away(*_: Any) -> Any:
        raise OperationalError("connection refused")

    with connection.execute_wrapper(away):
        assert Diagnosis().codes == ["database_away"]


def test_a_migration_that_waits(listening: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, name, applied FROM django_migrations WHERE app = 'teams'")
        rows = cursor.fetchall()
        cursor.execute("DELETE FROM django_migrations WHERE app = 'teams'")
        try:
            assert Diagnosis().codes == ["migrations"]
        finally:
            cursor.executemany("INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, %s)", rows)


def test_a_redis_client_that_cuts_idle_connections(
    listening: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "redis-8.1.0.dist-info").mkdir()
    (tmp_path / "redis-8.1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: redis\nVersion: 8.1.0\n")
    monkeypatch.syspath_prepend(tmp_path)

    assert Diagnosis().codes == ["redis_py"]


def test_valkey_that_is_away(valkey_down: Any) -> None:
    assert Diagnosis().codes == ["valkey_away"]


def test_no_worker() -> None:
    assert Diagnosis().codes == ["no_worker"]


def test_a_wrong_base_url(listening: None, settings: Settings, provider: FakeOpenAI) -> None:
    settings.CHATTABLE = {**settings.CHATTABLE, "BASE_URL": "http://127.0.0.1:9/v1"}
    assert Diagnosis().codes == ["provider_unavailable"]
    settings.CHATTABLE = {**settings.CHATTABLE, "BASE_URL": provider.url.removesuffix("/v1")}
    diagnosis = Diagnosis()
    assert diagnosis.codes == ["model_not_found"]
    assert "OPENAI_BASE_URL" in diagnosis.text


def test_a_bad_key(listening: None, settings: Settings) -> None:
    with FakeOpenAI.in_thread(api_key="the right key") as strict:
        settings.CHATTABLE = {**settings.CHATTABLE, "BASE_URL": strict.url, "API_KEY": "wrong"}
        assert Diagnosis().codes == ["provider_auth"]


def test_an_unknown_model(listening: None, settings: Settings) -> None:
    settings.CHATTABLE = {**settings.CHATTABLE, "MODEL": "no-such-model"}
    assert Diagnosis().codes == ["model_not_found"]


# The address.


def test_an_address_that_nobody_answers_at(listening: None) -> None:
    assert visit("http://127.0.0.1:9").codes == ["unreachable"]


def test_a_key_that_is_unknown_there(server: WebServer, listening: None) -> None:
    assert visit(f"http://{server.host}", key="ck_unknown").codes == ["key_refused"]


def test_an_address_of_something_else(server: WebServer, listening: None, provider: FakeOpenAI) -> None:
    assert visit(provider.url.removesuffix("/v1")).codes == ["not_chattable"]
    assert visit(f"http://{server.host}/elsewhere").codes == ["not_chattable"]


def test_a_server_without_asgi(live_server: Any, worker: None, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]

    assert visit(live_server.url).codes == ["no_sockets", "no_asgi"]
    assert counts() == [0, 0, 0]


def test_a_proxy_that_does_not_pass_sockets_on(server: WebServer, worker: None) -> None:
    def ask(data: bytes) -> bytes:
        return re.sub(rb"(?i)upgrade: websocket\r\n|connection: upgrade\r\n", b"", data)

    with proxy(server, ask=ask) as relay:
        assert visit(relay.url).codes == ["no_sockets"]


def test_a_proxy_that_hides_the_address_from_the_server(server: WebServer, worker: None) -> None:
    def ask(data: bytes) -> bytes:
        return re.sub(rb"Host: [\d.:]+", f"Host: {server.host}".encode(), data)

    with proxy(server, ask=ask) as relay:
        assert visit(relay.url).codes == ["origin_refused"]


def test_a_resolver_that_knows_no_keys_of_sockets(server: WebServer, worker: None, settings: Settings) -> None:
    settings.CHATTABLE = {**settings.CHATTABLE, "OWNER_RESOLVER": "chattable.conf.signed_in_user"}

    assert visit(f"http://{server.host}").codes == ["socket_refused", "no_stream"]


def test_a_proxy_that_buffers_the_stream(server: WebServer, worker: None) -> None:
    with proxy(server, holds=lambda data: data.startswith(b"GET /api/events/")) as relay:
        assert visit(relay.url).codes == ["stream_buffered"]


def test_a_proxy_that_swallows_what_sockets_carry(server: WebServer, worker: None) -> None:
    # A client's masked frame, by its first byte.
    with proxy(server, holds=lambda data: data[:1] == b"\x81") as relay:
        assert visit(relay.url).codes == ["socket_silent"]


def test_a_proxy_that_lets_the_first_line_through_and_buffers_then(server: WebServer, worker: None) -> None:
    def ask(data: bytes) -> bytes:
        if data.startswith(b"POST") and b"/messages/" in data:
            relay.stream.set()
        return data

    with proxy(server, ask=lambda data: ask(data)) as relay:
        assert visit(relay.url).codes == ["stream_held_back"]


def test_no_worker_that_shares_the_queue(server: WebServer, listening: None) -> None:
    assert visit(f"http://{server.host}", wait=0.5).codes == ["not_taken"]
    assert counts() == [0, 0, 0]


def test_an_answer_that_fails(server: WebServer, worker: None) -> None:
    assert visit(f"http://{server.host}", model="no-such-model").codes == ["model_not_found"]
    assert counts() == [0, 0, 0]


def test_an_answer_without_an_end(server: WebServer, worker: None) -> None:
    assert visit(f"http://{server.host}", model="count-n400-r20", wait=2).codes == ["unfinished"]
    assert counts() == [0, 0, 0]
