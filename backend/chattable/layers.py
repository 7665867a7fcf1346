"""The channel layer of deltas: Channels' Redis pub/sub layer plus one round trip for many sends."""

import asyncio
import os
import threading
from collections import defaultdict
from collections.abc import Coroutine, Iterable
from functools import cache
from typing import Any

from channels.layers import get_channel_layer
from channels_redis.pubsub import RedisPubSubChannelLayer

type GroupMessage = tuple[str, dict[str, Any]]

# Every worker process joins this group, so that the layer itself knows how many are listening.
WORKERS = "chattable.workers"


class ChattableLayer(RedisPubSubChannelLayer):  # type: ignore[misc]
    """Redis pub/sub channel layer that sends to many groups in one round trip; takes the same `CONFIG`."""

    async def group_send_many(self, messages: Iterable[GroupMessage]) -> None:
        """Send each `(group, message)` in order, in one pipeline a shard; raises redis' `ConnectionError`."""
        layer = self._get_layer()
        batches: dict[Any, list[tuple[str, bytes]]] = defaultdict(list)
        for group, message in messages:
            channel = layer._get_group_channel_name(group)
            batches[layer._get_shard(channel)].append((channel, self.serialize(message)))
        await asyncio.gather(*(self._publish(shard, batch) for shard, batch in batches.items()))

    async def _publish(self, shard: Any, batch: list[tuple[str, bytes]]) -> None:
        shard._ensure_redis()
        pipeline = shard._redis.pipeline(transaction=False)
        for channel, data in batch:
            pipeline.publish(channel, data)
        await pipeline.execute()

    async def group_size(self, group: str) -> int:
        """How many processes listen to the group now."""
        layer = self._get_layer()
        channel = layer._get_group_channel_name(group)
        shard = layer._get_shard(channel)
        shard._ensure_redis()
        [(_, count)] = await shard._redis.pubsub_numsub(channel)
        return int(count)


async def group_send_many(messages: Iterable[GroupMessage]) -> None:
    """Send each `(group, message)` by the configured layer, one by one where the layer knows no batches."""
    layer = get_channel_layer()
    if isinstance(layer, ChattableLayer):
        await layer.group_send_many(messages)
    elif layer is not None:
        for group, message in messages:
            await layer.group_send(group, message)


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
        return _start_loop()


@cache
def _start_loop() -> asyncio.AbstractEventLoop:
    loop = _new_loop()
    threading.Thread(target=loop.run_forever, name="chattable", daemon=True).start()
    return loop


_starting = threading.Lock()
os.register_at_fork(after_in_child=_start_loop.cache_clear)


def call[T](coroutine: Coroutine[Any, Any, T], *, timeout: float | None = None) -> T:
    """Run the coroutine on the background loop and wait for its result, `timeout` seconds at most."""
    return asyncio.run_coroutine_threadsafe(coroutine, background_loop()).result(timeout)


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
