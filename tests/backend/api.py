"""The REST API as its clients see it, and what they leave behind."""

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from redis import Redis
from rest_framework.test import APIClient

from accounts.models import ApiKey, User
from chattable.models import Chat, Message, Run


class Api(APIClient):
    """The requests of one person, or of nobody."""

    def __init__(self, person: User | None = None) -> None:
        super().__init__()
        if person:
            self.force_login(person)

    def post_text(self, path: str, body: str) -> Any:
        """The answer to a JSON body that is sent as it is."""
        data: Any = body.encode("utf-8", "surrogatepass")
        return self.generic("POST", path, data, content_type="application/json")

    def pages(self, path: str, **query: Any) -> Iterator[list[dict[str, Any]]]:
        """The results page by page, each asked for when it is wanted."""
        cursor = None
        while True:
            page = self.get(path, {**query, **({"cursor": cursor} if cursor else {})}).json()
            yield page["results"]
            if not (cursor := page["next"]):
                return


def at_once[T](call: Callable[[], T], *, times: int) -> list[T]:
    """The results of the same call from many threads at the same time."""

    def work(_: int) -> T:
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(work, range(times)))


def queued() -> list[UUID]:
    """The runs that wait in the queue for a worker."""
    with Redis.from_url(settings.REDIS_URL) as valkey:
        return _runs(valkey.lrange("chattable", 0, -1))


def empty_queue() -> list[UUID]:
    """The runs that waited, of which the queue knows nothing any more."""
    with Redis.from_url(settings.REDIS_URL) as valkey, valkey.pipeline() as both:
        jobs, _ = both.lrange("chattable", 0, -1).delete("chattable").execute()
        return _runs(jobs)


def _runs(jobs: Iterable[bytes]) -> list[UUID]:
    return [UUID(json.loads(base64.b64decode(json.loads(job)["body"]))[0][0]) for job in jobs]


def everything() -> dict[str, list[dict[str, Any]]]:
    """All rows that a request could change."""
    models: list[Any] = [Chat, Message, Run, ApiKey, User]
    names = {
        model: [field.attname for field in model._meta.concrete_fields if field.name != "last_login"]
        for model in models
    }
    return {model.__name__: list(model.objects.order_by("pk").values(*names[model])) for model in models}
