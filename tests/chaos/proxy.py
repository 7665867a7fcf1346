"""A line that can be cut, frozen, or closed after a silence, as lines are."""

import asyncio
import socket
import struct
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

REFUSAL = b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 0.5\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}"


class Proxy:
    """Passes TCP on to `target` (a URL) from a port of its own, until it is told otherwise."""

    def __init__(self, target: str, *, idle: float | None = None) -> None:
        """With `idle`, connections that were silent for so many seconds are closed, as nginx does after 60."""
        parts = urlsplit(target)
        self._host, self._port, self._path = parts.hostname, parts.port, parts.path
        self._idle = idle
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._refusing = False
        self._writers: set[asyncio.StreamWriter] = set()
        self.cuts = 0

    @property
    def url(self) -> str:
        """The target's URL by way of this line."""
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}{self._path}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0, backlog=2048)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self.cut()

    def freeze(self) -> None:
        """Let nothing through in either direction, and tell nobody: half-open."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Let all through again."""
        self._flowing.set()

    def refuse(self, refusing: bool) -> None:
        """Answer requests with 429, or pass them on again."""
        self._refusing = refusing

    def cut(self) -> None:
        """Reset all connections."""
        for writer in list(self._writers):
            sock: socket.socket = writer.get_extra_info("socket")
            with suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            there, back = await asyncio.open_connection(self._host, self._port)
        except OSError:
            writer.transport.abort()
            self._writers.discard(writer)
            return
        self._writers.add(back)
        try:
            await asyncio.gather(self._pump(reader, back, refuse=writer), self._pump(there, writer))
        finally:
            self._writers -= {writer, back}
            writer.close()
            back.close()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, refuse: asyncio.StreamWriter | None = None
    ) -> None:
        with suppress(OSError):
            while data := await self._read(reader):
                await self._flowing.wait()
                if self._refusing and refuse and data.startswith(b"POST "):
                    refuse.write(REFUSAL)
                    break
                writer.write(data)
                await writer.drain()
        writer.close()
        if refuse:
            refuse.close()

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        try:
            async with asyncio.timeout(self._idle):
                return await reader.read(2**16)
        except TimeoutError:
            self.cuts += 1
            return b""
