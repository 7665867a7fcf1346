"""The web server of the tests: uvicorn with the starter's application, in a thread, and sockets to it."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from websockets.sync.client import ClientConnection, connect

from backend.listener import wait_until
from config.stack import MAX_FRAME_BYTES


class Stream:
    """An answer of `/api/events/`, read line by line."""

    def __init__(self, connection: http.client.HTTPConnection, answer: http.client.HTTPResponse) -> None:
        self.status, self.headers = answer.status, answer.headers
        self._connection, self._answer = connection, answer

    @property
    def body(self) -> Any:
        """The JSON of an answer that is no stream."""
        return json.load(self._answer)

    def line(self, *, seconds: float = 20) -> str | None:
        """The next line that is not empty; None at the end of the stream."""
        if self._connection.sock:
            self._connection.sock.settimeout(seconds)
        while line := self._answer.readline():
            if text := line.decode().rstrip("\n"):
                return text
        return None

    def frame(self, *, seconds: float = 20) -> Any:
        """What the next `data:` line holds; fails where the stream ends."""
        while line := self.line(seconds=seconds):
            if line.startswith("data: "):
                return json.loads(line.removeprefix("data: "))
        raise AssertionError("the stream has ended")

    def rest(self) -> list[str]:
        """All lines until the stream ends."""
        return list(iter(self.line, None))


class WebServer:
    """Where the server listens, and sockets to it."""

    def __init__(self, server: uvicorn.Server) -> None:
        port = server.servers[0].sockets[0].getsockname()[1]
        self.host = f"127.0.0.1:{port}"
        self._address = ("127.0.0.1", port)
        self._server = server

    @contextmanager
    def stream(self, headers: dict[str, str] | None = None, *, buffer: int = 0) -> Iterator[Stream]:
        """The answer to a request for the stream of events."""
        connection = http.client.HTTPConnection(*self._address, timeout=20)
        if buffer:
            connection.sock = socket.socket()
            connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
            connection.sock.connect(self._address)
        try:
            connection.request("GET", "/api/events/", headers=headers or {})
            yield Stream(connection, connection.getresponse())
        finally:
            connection.close()

    @property
    def connections(self) -> int:
        """How many connections the server has now, whatever they are for."""
        return len(self._server.server_state.connections)

    def half_open(self, query: str) -> socket.socket:
        """A connection that has asked for a socket with a key, and has not been answered yet."""
        connection = socket.create_connection(self._address)
        lines = (
            f"GET /ws/?{query} HTTP/1.1",
            f"Host: {self.host}",
            "Authorization: Bearer any",
            *("Upgrade: websocket", "Connection: Upgrade"),
            *("Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
        )
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        return connection

    @contextmanager
    def connect(
        self, *, host: str = "", origin: str = "", headers: dict[str, str] | None = None, buffer: int = 0
    ) -> Iterator[ClientConnection]:
        """An open socket; entering raises `InvalidStatus` where the server refuses it."""
        connection = socket.socket()
        if buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        connection.connect(self._address)
        with connect(
            f"ws://{host or self.host}/ws/",
            sock=connection,
            origin=origin or None,  # type: ignore[arg-type]
            additional_headers=headers,
            open_timeout=5,
            close_timeout=1,
            max_size=None,
        ) as client:
            yield client


@contextmanager
def web_server() -> Iterator[WebServer]:
    """A running server."""
    from config.asgi import application

    config = uvicorn.Config(
        application, port=0, ws="wsproto", ws_max_size=MAX_FRAME_BYTES, log_config=None, proxy_headers=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="web")
    thread.start()
    try:
        wait_until(lambda: server.started)
        yield WebServer(server)
    finally:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive(), "the web server does not stop"
