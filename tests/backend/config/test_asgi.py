# mypy: disable-error-code="no-untyped-call"

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.handlers.asgi import ASGIRequest
from django.core.signals import request_finished, request_started
from django.http import StreamingHttpResponse
from django.urls import get_script_prefix, path

from config.asgi import application, http

pytestmark = pytest.mark.asyncio


async def test_start_and_stop_of_the_server_are_answered() -> None:
    server = ApplicationCommunicator(application, {"type": "lifespan"})

    for event in ("lifespan.startup", "lifespan.shutdown"):
        await server.send_input({"type": event})
        assert await server.receive_output() == {"type": f"{event}.complete"}
    await server.wait()


async def test_a_socket_on_an_unknown_path_is_refused() -> None:
    scope: dict[str, Any] = {"type": "websocket", "path": "/elsewhere/", "headers": []}
    browser = ApplicationCommunicator(application, scope)

    await browser.send_input({"type": "websocket.connect"})

    assert await browser.receive_output() == {"type": "websocket.close"}


def request(url: str, **scope: Any) -> ApplicationCommunicator:
    return ApplicationCommunicator(
        application,
        {
            "type": "http",
            "method": "GET",
            "path": url,
            "query_string": b"",
            "headers": [(b"host", b"testserver")],
            **scope,
        },
    )


async def answer_of(client: ApplicationCommunicator) -> tuple[int, bytes]:
    start = await client.receive_output()
    body = b""
    while (part := await client.receive_output()).get("more_body"):
        body += part["body"]
    return start["status"], body + part.get("body", b"")


@pytest.fixture
def lives() -> Iterator[list[str]]:
    """What was begun and what was finished, by the signals of Django."""
    seen: list[str] = []

    def began(**_: Any) -> None:
        seen.append("began")

    def ended(**_: Any) -> None:
        seen.append("ended")

    request_started.connect(began)
    request_finished.connect(ended)
    yield seen
    request_started.disconnect(began)
    request_finished.disconnect(ended)


@pytest.mark.parametrize("url", ["/api/config/", "/api/elsewhere/"])
async def test_each_request_begins_and_ends_once(lives: list[str], url: str) -> None:
    client = request(url)
    await client.send_input({"type": "http.request", "body": b"", "more_body": False})

    status, body = await answer_of(client)

    assert (status, body[:1]) == (200 if "config" in url else 404, b"{")
    assert lives == ["began", "ended"]


def in_parts(request: ASGIRequest) -> StreamingHttpResponse:
    async def parts() -> AsyncIterator[bytes]:
        await request.scope["go_on"].wait()
        for number in range(5):
            yield str(number).encode() * 100_000

    return StreamingHttpResponse(parts())


urlpatterns = [path("parts/", in_parts)]


@pytest.mark.urls(__name__)
async def test_a_streamed_answer_is_sent_whole_before_its_request_ends(lives: list[str]) -> None:
    go_on = asyncio.Event()
    client = request("/parts/", go_on=go_on)
    await client.send_input({"type": "http.request", "body": b"", "more_body": False})

    assert (await client.receive_output())["status"] == 200
    assert lives == ["began"]
    go_on.set()
    body = b""
    while (part := await client.receive_output()).get("more_body"):
        body += part["body"]
    await client.wait()
    assert body == b"".join(str(number).encode() * 100_000 for number in range(5))
    assert lives == ["began", "ended"]


async def test_who_leaves_before_the_body_is_whole_is_not_answered(lives: list[str]) -> None:
    client = request("/api/chats/", method="POST")
    await client.send_input({"type": "http.request", "body": b"{", "more_body": True})
    await client.send_input({"type": "http.disconnect"})

    await client.wait()

    assert lives == []
    assert await client.receive_nothing()


async def test_a_request_leaves_nothing_to_the_next() -> None:
    below = request("/below/api/config/", root_path="/below")
    await below.send_input({"type": "http.request", "body": b"", "more_body": False})
    assert (await answer_of(below))[0] == 200

    assert await asyncio.get_running_loop().run_in_executor(http.threads, get_script_prefix) == "/"
