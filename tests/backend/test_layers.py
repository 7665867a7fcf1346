"""The channel layer: many sends in one round trip, listeners without queues, and what happens when Valkey is away."""

import asyncio
import logging
import os
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import redis
from channels.layers import channel_layers, get_channel_layer
from django.conf import settings as django_settings
from pytest_django.fixtures import Settings

from backend.listener import Listener, listening, wait_until
from backend.private_valkey import Valkey
from chattable import layers
from chattable.layers import ChattableLayer

BACKEND = Path(__file__).parent.parent.parent / "backend"


@pytest.fixture
def group() -> str:
    return f"test.{uuid.uuid4().hex}"


class Wire:
    """A relay to Valkey that counts how often the client has spoken."""

    def __init__(self, valkey: Valkey) -> None:
        self.requests = 0
        self._target = ("127.0.0.1", valkey.port)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._server.getsockname()[1]}/0"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            client, _ = self._server.accept()
            server = socket.create_connection(self._target)
            threading.Thread(target=self._up, args=(client, server), daemon=True).start()
            threading.Thread(target=self._down, args=(server, client), daemon=True).start()

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        while data := client.recv(2**20):
            self.requests += 1
            time.sleep(0.01)  # what is sent without waiting for an answer comes together
            client.setblocking(False)
            with suppress(BlockingIOError):
                data += client.recv(2**20)
            client.setblocking(True)
            server.sendall(data)

    def _down(self, server: socket.socket, client: socket.socket) -> None:
        while data := server.recv(2**20):
            client.sendall(data)


def current_layer() -> Any:
    return get_channel_layer()


def use_layer(settings: Settings, backend: str, **config: Any) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": backend, "CONFIG": config}}
    channel_layers.backends = {}


@pytest.fixture(autouse=True)
def _own_layer(settings: Settings) -> Iterator[None]:
    yield
    channel_layers.backends = {}


def numbered(count: int, *groups: str) -> list[layers.GroupMessage]:
    return [(group, {"type": "n", "n": number}) for number in range(count) for group in groups]


def numbers(listener: Listener) -> list[int]:
    return [message["n"] for message in listener.messages if message["type"] == "n"]


def test_many_sends_are_one_round_trip(group: str, running_valkey: Valkey, settings: Settings) -> None:
    wire = Wire(running_valkey)
    use_layer(settings, "chattable.layers.ChattableLayer", hosts=[wire.url])
    layers.call(layers.group_send_many(numbered(1, group)))  # connects
    with listening(group) as listener:
        wire.requests = 0

        layers.call(layers.group_send_many(numbered(100, group)))

        assert wire.requests == 1
        wait_until(lambda: len(numbers(listener)) == 100)
        wire.requests = 0
        for message in numbered(10, group):
            layers.call(current_layer().group_send(*message))
        assert wire.requests == 10


def test_order_is_kept_in_every_group(group: str) -> None:
    other = f"{group}.other"
    with listening(group) as one, listening(other) as two, listening(group) as again:
        layers.call(layers.group_send_many(numbered(500, group, other)))

        wait_until(lambda: len(numbers(one)) == len(numbers(two)) == len(numbers(again)) == 500)
        assert numbers(one) == numbers(two) == numbers(again) == list(range(500))


@pytest.mark.parametrize(
    "backend", ["channels.layers.InMemoryChannelLayer", "channels_redis.pubsub.RedisPubSubChannelLayer"]
)
def test_any_other_layer_is_sent_to_one_by_one(group: str, settings: Settings, backend: str) -> None:
    use_layer(settings, backend, **({"hosts": [os.environ["REDIS_URL"]]} if "redis" in backend else {}))
    with listening(group) as listener:
        layers.call(layers.group_send_many(numbered(50, group)))

        wait_until(lambda: len(numbers(listener)) == 50)
        assert numbers(listener) == list(range(50))
    assert layers.worker_count() is None


def test_without_a_layer_nothing_is_sent_and_nothing_breaks(group: str, settings: Settings) -> None:
    settings.CHANNEL_LAYERS = {}
    channel_layers.backends = {}

    layers.call(layers.group_send_many(numbered(1, group)))
    layers.call(layers.join_workers())
    assert layers.worker_count() is None

    async def listen() -> None:
        async with layers.listening(group, print):
            pass

    layers.call(listen())


def test_all_who_listen_hold_the_same_message(group: str) -> None:
    with listening(group) as one, listening(group) as two:
        layers.call(layers.group_send_many([(group, {"type": "frame", "text": "x"})]), timeout=5)
        wait_until(lambda: one.frames and two.frames)

        assert one.messages[-1] is two.messages[-1], "a megabyte for a thousand readers is a megabyte"


def test_a_listener_hears_nothing_after_its_end_and_leaves_nothing_behind(group: str) -> None:
    layer = current_layer()
    with listening(group) as gone, listening(group) as stays:
        assert layers.call(layer.group_size(group)) == 1
    with listening(group) as stays:
        layers.call(layers.group_send_many(numbered(1, group)))
        wait_until(lambda: numbers(stays) == [0])
        assert not numbers(gone)
    wait_until(lambda: layers.call(layer.group_size(group)) == 0)

    async def leftovers() -> tuple[bool, bool]:
        inner = layer._get_layer()
        return any(group in name for name in inner.groups), any(
            isinstance(inbox, layers._Inbox) for inbox in inner.channels.values()
        )

    assert layers.call(leftovers()) == (False, False)


def test_the_layer_still_serves_channels_of_others(group: str) -> None:
    layer = current_layer()

    async def exchange() -> Any:
        channel = await layer.new_channel()
        await layer.group_add(group, channel)
        await asyncio.sleep(0.1)
        await layer.group_send(group, {"type": "hello"})
        return await asyncio.wait_for(layer.receive(channel), 5)

    assert layers.call(exchange()) == {"type": "hello"}


WORKER = """
import django, time
django.setup()
from chattable import layers
layers.call(layers.join_workers())
print("joined", flush=True)
time.sleep(60)
"""


@contextmanager
def worker() -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONPATH": str(BACKEND)}
    process = subprocess.Popen([sys.executable, "-c", WORKER], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        assert process.stdout.readline() == "joined\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_workers_are_counted_by_processes_while_they_live() -> None:
    before = layers.worker_count() or 0
    with worker(), worker() as second:
        wait_until(lambda: layers.worker_count() == before + 2)
        second.kill()
        wait_until(lambda: layers.worker_count() == before + 1)
    wait_until(lambda: layers.worker_count() == before)


def test_counting_workers_without_valkey_says_so(valkey_down: Valkey) -> None:
    with pytest.raises(redis.exceptions.ConnectionError):
        layers.worker_count()


def test_an_idle_subscription_outlives_the_reads_that_time_out(
    group: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Newer redis-py closed idle connections after five seconds: this test guards its pin."""
    monkeypatch.setattr(layers, "READ_SECONDS", 2.0)
    layer = current_layer()
    channel = layers.call(layer.new_channel())
    layers.call(layer.group_add(group, channel))
    with listening(group) as listener:
        time.sleep(6.5)
        layers.call(layers.group_send_many(numbered(1, group)))

        wait_until(lambda: numbers(listener) == [0])
        assert layers.GAP not in listener.messages

        async def until_sent() -> None:
            while (await layer.receive(channel))["type"] != "n":
                pass

        layers.call(until_sent(), timeout=5)
    layers.call(layer.group_discard(group, channel))
    assert not caplog.records


def test_after_a_restart_of_valkey_listeners_hear_again_and_know_of_the_gap(
    group: str, running_valkey: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    with listening(group) as listener:
        running_valkey.stop()
        wait_until(lambda: "The channel layer is away" in caplog.text)
        running_valkey.restart()

        wait_until(lambda: layers.GAP in listener.messages, seconds=10)
        layers.call(layers.group_send_many(numbered(1, group)))
        wait_until(lambda: numbers(listener) == [0])
    away = [record for record in caplog.records if record.name == "chattable.layers"]
    assert away
    assert all(record.levelno == logging.WARNING and not record.exc_info for record in away)


def test_other_channels_are_not_told_of_the_gap(group: str, running_valkey: Valkey) -> None:
    layer = current_layer()
    channel = layers.call(layer.new_channel())
    with listening(group) as listener:
        running_valkey.stop()
        time.sleep(0.2)
        running_valkey.restart()
        wait_until(lambda: layers.GAP in listener.messages, seconds=10)

    async def waiting() -> int:
        return int(layer._get_layer().channels[channel].qsize())

    assert layers.call(waiting()) == 0


def test_while_valkey_is_away_nobody_can_begin_to_listen(
    group: str, running_valkey: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    with listening(group) as listener:
        running_valkey.stop()
        wait_until(lambda: "The channel layer is away" in caplog.text)
        try:
            for name in (group, f"{group}.other"):
                with pytest.raises((redis.exceptions.ConnectionError, ConnectionError)):
                    layers.call(layers.listening(name, print).__aenter__(), timeout=10)
        finally:
            running_valkey.restart()
        wait_until(lambda: layers.GAP in listener.messages, seconds=10)


def test_connections_notice_when_the_other_side_is_gone(group: str) -> None:
    layer = current_layer()

    async def options() -> tuple[int, int]:
        [shard] = layer._get_layer()._shards
        connection = shard._pubsub.connection._writer.get_extra_info("socket")
        return (
            connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
            connection.getsockopt(socket.SOL_TCP, socket.TCP_KEEPIDLE),
        )

    with listening(group):
        assert layers.call(options()) == (1, 15)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("unix:///run/valkey.sock", {"address": "unix:///run/valkey.sock"}),
        ({"address": "redis://h", "socket_connect_timeout": 1}, {"socket_connect_timeout": 1}),
        (("h", 6379), {"host": "h", "port": 6379}),
    ],
)
def test_hosts_are_given_in_every_form_that_channels_redis_knows(given: Any, kept: dict[str, Any]) -> None:
    async def config() -> Any:
        layer = ChattableLayer(hosts=[given])
        return layer._get_layer()._shards[0].host

    host = asyncio.run(config())

    assert kept.items() <= host.items()
    assert ("socket_keepalive" in host) == ("unix" not in str(given))


def test_the_starter_uses_this_layer() -> None:
    assert django_settings.CHANNEL_LAYERS["default"]["BACKEND"] == "chattable.layers.ChattableLayer"
