"""The provider of the benchmark: streams of stamped tokens, as OpenAI would stream them.

    python -m bench.provider PORT

The model's name says what is streamed: `bench-n200-i20` is 200 tokens, 20 ms apart (0: as fast as they are taken).
A token is `NUMBER:MICROSECONDS `: its number from 0, and the monotonic clock at the moment it was written. So a client
on the same machine sees what was lost, doubled or reordered, and how long each token took. `GET /stats` counts.
"""

import asyncio
import json
import re
import sys
import time
from typing import Any

MODEL = re.compile(r"bench-n(\d+)-i(\d+)")
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\n%s\r\n\r\n"
STREAM = HEAD % (b"text/event-stream", b"transfer-encoding: chunked")
CHUNK = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1750000000,"model":"bench",'
    b'"choices":[{"index":0,"delta":{"content":"%d:%d "},"finish_reason":null}]}\n\n'
)
END = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1750000000,"model":"bench",'
    b'"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
)
# So many tokens share a write where they come as fast as they are taken.
BURST = 20

stats = {"requests": 0, "open": 0, "most_open": 0, "tokens": 0, "late_ms": 0.0}


def chunk(data: bytes) -> bytes:
    """The bytes as HTTP sends them in chunks."""
    return b"%x\r\n%s\r\n" % (len(data), data)


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer the requests of one connection."""
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
            body = await reader.readexactly(int(length[1])) if length else b""
            await answer(head.split(b" ", 2)[1], body, writer)
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def answer(path: bytes, body: bytes, writer: asyncio.StreamWriter) -> None:
    """Answer one request."""
    if path.endswith(b"/chat/completions"):
        await stream(json.loads(body), writer)
        return
    known: dict[str, Any] = {"object": "list", "data": [{"id": "bench-n200-i20", "object": "model"}]}
    data = json.dumps(stats if path == b"/stats" else known).encode()
    writer.write(HEAD % (b"application/json", b"content-length: %d" % len(data)) + data)


async def stream(request: dict[str, Any], writer: asyncio.StreamWriter) -> None:
    """Stream what the model's name says."""
    found = MODEL.fullmatch(request["model"])
    number, gap = (int(found[1]), int(found[2]) / 1000) if found else (1, 0.0)
    stats["requests"] += 1
    stats["open"] += 1
    stats["most_open"] = max(stats["most_open"], stats["open"])
    try:
        writer.write(STREAM)
        await (steadily(number, gap, writer) if gap else at_once(number, writer))
        writer.write(chunk(END) + b"0\r\n\r\n")
        await writer.drain()
    finally:
        stats["open"] -= 1


async def steadily(number: int, gap: float, writer: asyncio.StreamWriter) -> None:
    """A token each `gap` seconds; one that is late makes the others no later."""
    loop = asyncio.get_running_loop()
    begin = loop.time()
    for n in range(number):
        wait = begin + n * gap - loop.time()
        await asyncio.sleep(max(0.0, wait))
        if wait < 0:
            stats["late_ms"] = max(stats["late_ms"], round(-wait * 1000, 1))
        writer.write(chunk(CHUNK % (n, time.monotonic_ns() // 1000)))
        stats["tokens"] += 1
        if writer.transport.get_write_buffer_size() > 2**16:
            await writer.drain()


async def at_once(number: int, writer: asyncio.StreamWriter) -> None:
    """All tokens as fast as they are taken."""
    for start in range(0, number, BURST):
        now = time.monotonic_ns() // 1000
        writer.write(chunk(b"".join(CHUNK % (n, now) for n in range(start, min(start + BURST, number)))))
        await writer.drain()
    stats["tokens"] += number


async def main(port: int) -> None:
    """Listen until the end."""
    server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=4096)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    try:
        import uvloop

        uvloop.run(main(int(sys.argv[1])))
    except KeyboardInterrupt:
        pass
