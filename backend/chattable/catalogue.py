"""The models that the provider offers."""

import asyncio
from typing import Any

from chattable import layers
from chattable.completions import Provider
from chattable.exceptions import ANSWER_ERRORS, AnswerFailed, ProviderUnavailable


class ModelCatalogue:
    """The provider's models, asked for once a minute, and by one request for everybody who waits."""

    def __init__(self) -> None:
        self._asked: asyncio.Task[list[str]] | None = None
        self._stale_at = 0.0

    async def ids(self) -> list[str]:
        """The ids, at most a minute old; raises `AnswerFailed`, which is not remembered."""
        now = asyncio.get_running_loop().time()
        if self._asked is None or now >= self._stale_at or _failed(self._asked):
            self._asked = asyncio.create_task(_ask_provider())
            self._stale_at = now + 60
        return await asyncio.shield(self._asked)


def _failed(task: asyncio.Task[Any]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


async def _ask_provider() -> list[str]:
    provider = Provider()
    try:
        return await provider.models()
    finally:
        await provider.close()


catalogue = ModelCatalogue()


def provider_models() -> list[str]:
    """The ids of the provider's models; raises `ProviderUnavailable`."""
    try:
        return layers.call(catalogue.ids(), timeout=15)
    except AnswerFailed as failure:
        raise ProviderUnavailable(ANSWER_ERRORS[failure.code], failure.code) from failure
    except TimeoutError as error:
        raise ProviderUnavailable from error
