"""The web server of the tests: uvicorn with the starter's application, in a thread, and sockets to it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from websockets.sync.client import ClientConnection, connect

from backend.listener import wait_until
from config.stack import MAX_FRAME_BYTES


class WebServer:
    """Where the server listens, and sockets to it."""

    def __init__(self, server: uvicorn.Server) -> None:
        port = server.servers[0].sockets[0].getsockname()[1]
        self.host = f"127.0.0.1:{port}"
        self._address = ("127.0.0.1", port)
        self._server = server

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
