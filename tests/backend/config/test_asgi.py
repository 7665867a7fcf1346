# mypy: disable-error-code="no-untyped-call"

from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator

from config.asgi import application

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
