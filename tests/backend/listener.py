"""What the sockets of a group are sent."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from redis.exceptions import RedisError

from chattable import layers
from fold import Fold


class Listener:
    """The messages of the channel layer that a group was sent so far."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    @property
    def frames(self) -> list[str]:
        """What its sockets would carry."""
        return [message["text"] for message in self.messages if "text" in message]

    @property
    def events(self) -> list[dict[str, Any]]:
        """All events in order."""
        frames = map(json.loads, self.frames)
        return [event for frame in frames for event in (frame if isinstance(frame, list) else [frame])]

    @property
    def fold(self) -> Fold:
        """What a page shows after all this."""
        fold = Fold()
        for frame in self.frames:
            fold.frame(frame)
        return fold


@contextmanager
def listening(group: str) -> Iterator[Listener]:
    """A listener of the group, over the channel layer."""
    listener = Listener()
    subscription = wait_until(lambda: _joined(group, listener), seconds=20)
    wait_until(lambda: _hears(listener, group), seconds=20)
    try:
        yield listener
    finally:
        layers.call(subscription.__aexit__(None, None, None), timeout=20)


def _joined(group: str, listener: Listener) -> Any:
    """The subscription, or None while the layer's connection is still the one that a restart of Valkey has ended."""
    subscription = layers.listening(group, listener.messages.append)
    try:
        layers.call(subscription.__aenter__(), timeout=20)
    except (RedisError, OSError):
        return None
    return subscription


def _hears(listener: Listener, group: str) -> bool:
    """Whether it is there by now; after a restart of Valkey that takes a second."""
    layers.call(layers.group_send_many([(group, {"type": "probe"})]), timeout=5)
    time.sleep(0.01)
    heard = bool(listener.messages)
    listener.messages.clear()
    return heard


def wait_until(condition: Callable[[], Any], *, seconds: float = 5) -> Any:
    """What the condition gives, as soon as it holds; fail if it does not in time."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)
    return value
