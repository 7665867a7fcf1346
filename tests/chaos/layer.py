"""A channel layer that loses, doubles and delays."""

import asyncio
import random
from collections.abc import Iterable
from typing import Any

from chattable.layers import ChattableLayer, GroupMessage

LOST = DOUBLED = DELAYED = 0.2
LONGEST_DELAY = 1.0


class LossyLayer(ChattableLayer):
    """Drops a fifth of all messages, doubles a fifth, delays a fifth."""

    def __init__(self, **config: Any) -> None:
        super().__init__(**config)
        self._late: set[asyncio.Task[None]] = set()

    async def group_send_many(self, messages: Iterable[GroupMessage]) -> None:
        """Send what chance lets through."""
        now: list[GroupMessage] = []
        for message in messages:
            fate = random.random()
            if fate < LOST:
                continue
            now += [message] * (1 + (fate < LOST + DOUBLED))
            if fate > 1 - DELAYED:
                now.pop()
                task = asyncio.create_task(self._send_late(message))
                self._late.add(task)
                task.add_done_callback(self._late.discard)
        if now:
            await super().group_send_many(now)

    async def _send_late(self, message: GroupMessage) -> None:
        await asyncio.sleep(random.uniform(0, LONGEST_DELAY))
        await super().group_send_many([message])
