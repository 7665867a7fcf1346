"""The channel layer of deltas: Channels' Redis pub/sub layer plus one round trip for many sends."""

import asyncio
import atexit
import gc
import logging
import os
import socket
import threading
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

import hiredis
from channels.layers import get_channel_layer
from channels_redis.pubsub import RedisPubSubChannelLayer, RedisSingleShardConnection
from channels_redis.utils import decode_hosts
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

type GroupMessage = tuple[str, dict[str, Any]]
type Deliver = Callable[[dict[str, Any]], None]

# Every worker process joins this group, so that the layer itself knows how many are listening.
WORKERS = "chattable.workers"

# How long a read of a subscription waits, in seconds; nothing depends on it.
READ_SECONDS = 30.0

# What listeners get where messages may have been lost, because Valkey was away.
GAP = {"type": "chattable.gap"}

# A subscriber only listens, so without these it would never notice that its connection is gone.
CONNECTION: dict[str, Any] = {
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "socket_keepalive_options": {
        getattr(socket, name): seconds
        for name, seconds in (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))
        if hasattr(socket, name)
    },
}


class ChattableLayer(RedisPubSubChannelLayer):  # type: ignore[misc]
    """Redis pub/sub channel layer that sends to many groups in one round trip; takes the same `CONFIG`."""

    def __init__(self, hosts: Any = None, **config: Any) -> None:
        super().__init__(hosts=[_with_life(host) for host in decode_hosts(hosts)], **config)
        self._last: tuple[bytes, dict[str, Any]] = (b"", {})

    def _get_layer(self) -> Any:
        layer = super()._get_layer()
        if not isinstance(layer._shards[0], _Shard):
            layer._shards = [_Shard(shard.host, layer) for shard in layer._shards]
        return layer

    async def group_send_many(self, messages: Iterable[GroupMessage]) -> None:
        """Send each `(group, message)` in order, in one write a shard; raises redis' `ConnectionError`."""
        layer = self._get_layer()
        batches: dict[Any, list[tuple[str, bytes]]] = defaultdict(list)
        for group, message in messages:
            channel = layer._get_group_channel_name(group)
            batches[layer._get_shard(channel)].append((channel, self.serialize(message)))
        await asyncio.gather(*(shard.publish_many(batch) for shard, batch in batches.items()))

    @asynccontextmanager
    async def listening(self, group: str, deliver: Deliver) -> AsyncIterator[None]:
        """Hand each message of the group straight to `deliver`, past a queue and a Redis channel for each listener.

        Raises `ConnectionError` while Valkey is away.
        """
        layer = self._get_layer()
        channel = uuid.uuid4().hex
        layer.channels[channel] = _Inbox(lambda data: deliver(self._read(data)))
        try:
            await layer.group_add(group, channel)
            connection = layer._get_shard(layer._get_group_channel_name(group))._pubsub.connection
            if not connection.is_connected:
                raise ConnectionError("The channel layer is away.")
            connection.register_connect_callback(self._reconnected)
            yield
        finally:
            layer.channels.pop(channel, None)
            with suppress(RedisError, OSError):
                await layer.group_discard(group, channel)

    def _read(self, data: bytes) -> dict[str, Any]:
        """The message, read and held once for all of this process who listen to its group."""
        # Taken and set as a pair: loops in other threads read by the same layer.
        last, message = self._last
        if data is not last:
            message = self.deserialize(data)
            self._last = data, message
        return message

    def _reconnected(self, _: Any) -> None:
        """Called by redis-py for a subscription that was lost and stands again."""
        gap = self.serialize(GAP)
        for inbox in self._get_layer().channels.values():
            if isinstance(inbox, _Inbox):
                inbox.put_nowait(gap)

    async def group_size(self, group: str) -> int:
        """How many processes listen to the group now."""
        layer = self._get_layer()
        channel = layer._get_group_channel_name(group)
        shard = layer._get_shard(channel)
        shard._ensure_redis()
        [(_, count)] = await shard._redis.pubsub_numsub(channel)
        return int(count)


class _Shard(RedisSingleShardConnection):  # type: ignore[misc]
    """The connections to one Valkey, which write and read many messages at once."""

    async def publish_many(self, batch: Sequence[tuple[str, bytes]]) -> None:
        """Publish each `(channel, data)` in order, in one round trip."""
        self._ensure_redis()
        pool = self._redis.connection_pool
        connection = await pool.get_connection()
        try:
            # redis-py's own packing takes four times as long.
            commands: Iterable[Any] = (("PUBLISH", channel, data) for channel, data in batch)
            packed = b"".join(map(hiredis.pack_command, commands))
            await connection.send_packed_command(packed, check_health=False)
            for _ in batch:
                await connection.read_response()
        except BaseException:
            # What has not been answered yet must not answer the next one.
            await connection.disconnect(nowait=True)
            raise
        finally:
            await pool.release(connection)

    async def _do_receiving(self) -> None:
        while True:
            try:
                if self._pubsub and self._pubsub.subscribed:
                    await self._receive()
                else:
                    await asyncio.sleep(0.1)
            except Exception as error:
                # Valkey being away is worth a line a second in the log, but not a traceback a second.
                trace = None if isinstance(error, RedisError | OSError) else error
                logger.warning("The channel layer is away: %s", error, exc_info=trace)
                await asyncio.sleep(1)

    async def _receive(self) -> None:
        pubsub = self._pubsub
        self._receive_message(await pubsub.get_message(ignore_subscribe_messages=True, timeout=READ_SECONDS))
        # What it has read besides.
        reader = pubsub.connection._parser._reader
        while reader and isinstance(reply := reader.gets(), list | Exception):
            if isinstance(reply, Exception):
                raise reply
            self._receive_message(await pubsub.handle_message(reply, ignore_subscribe_messages=True))


def _with_life(host: dict[str, Any]) -> dict[str, Any]:
    return host if str(host.get("address")).startswith("unix:") else {**CONNECTION, **host}


@dataclass(frozen=True, slots=True)
class _Inbox:
    """Stands where the layer expects a channel's queue."""

    put_nowait: Callable[[bytes], None]


async def group_send_many(messages: Iterable[GroupMessage]) -> None:
    """Send each `(group, message)` by the configured layer, one by one where the layer knows no batches."""
    layer = get_channel_layer()
    if isinstance(layer, ChattableLayer):
        await layer.group_send_many(messages)
    elif layer is not None:
        for group, message in messages:
            await layer.group_send(group, message)


@asynccontextmanager
async def listening(group: str, deliver: Deliver) -> AsyncIterator[None]:
    """Call `deliver` with each message that the group is sent, and with `GAP` where some may have been lost.

    It is called until the block ends, and must neither wait nor raise.
    """
    layer = get_channel_layer()
    if isinstance(layer, ChattableLayer):
        async with layer.listening(group, deliver):
            yield
    elif layer is None:
        yield
    else:
        channel = await layer.new_channel()
        await layer.group_add(group, channel)
        pump = asyncio.create_task(_pump(layer, channel, deliver))
        try:
            yield
        finally:
            pump.cancel()
            await layer.group_discard(group, channel)


async def _pump(layer: Any, channel: str, deliver: Deliver) -> None:
    while True:
        deliver(await layer.receive(channel))


async def join_workers() -> None:
    """Count this process among the workers for as long as its loop runs."""
    layer = get_channel_layer()
    if isinstance(layer, ChattableLayer):
        await layer.group_add(WORKERS, await layer.new_channel("worker"))


def worker_count() -> int | None:
    """How many worker processes listen now; None where the layer cannot tell; raises redis' `ConnectionError`."""
    layer = get_channel_layer()
    return call(layer.group_size(WORKERS), timeout=3) if isinstance(layer, ChattableLayer) else None


def background_loop() -> asyncio.AbstractEventLoop:
    """The one event loop of this process that runs beside synchronous code, in a daemon thread."""
    with _starting:
        return _start_loop()[0]


@cache
def _start_loop() -> tuple[asyncio.AbstractEventLoop, threading.Thread]:
    loop = _new_loop()
    thread = threading.Thread(target=loop.run_forever, name="chattable", daemon=True)
    thread.start()
    return loop, thread


def _end_loop() -> None:
    """A loop that still ran while the interpreter is taken down would crash the process now and then."""
    if _start_loop.cache_info().currsize:
        loop, thread = _start_loop()
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=5)


# Registered at import, so that it comes after whatever still needs the loop at exit.
atexit.register(_end_loop)
_starting = threading.Lock()


def _forget_loop() -> None:
    """A forked process has none of its parent's threads, and maybe a lock that one of them held."""
    global _starting
    _starting = threading.Lock()
    _start_loop.cache_clear()


os.register_at_fork(after_in_child=_forget_loop)


def spare_loop() -> None:
    """Spare this process's event loop long pauses: the collector skips what is here to stay, and comes less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def call[T](coroutine: Coroutine[Any, Any, T], *, timeout: float | None = None) -> T:
    """Run the coroutine on the background loop and wait for its result, `timeout` seconds at most."""
    return asyncio.run_coroutine_threadsafe(coroutine, background_loop()).result(timeout)


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
