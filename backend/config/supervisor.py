"""Runs a set of programs as one: starts them, waits until they serve, watches them, stops them in order."""

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE, STDOUT, Process
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

COLOURS = (36, 32, 33, 35, 34, 96, 92, 93)
KEPT_LINES = 20
LINE_LIMIT = 1 << 20


class StackError(Exception):
    """Why the programs cannot run, in words for the person who started them."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """A program to keep running."""

    name: str
    command: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    # Whether it serves now; asked again and again after the start.
    ready: Callable[[], Awaitable[bool]] | None = None
    start_timeout: float = 120.0
    stop_timeout: float = 8.0
    # Services of a higher stage stop first; those of one stage stop together.
    stage: int = 0


@dataclass(kw_only=True)
class Child:
    """A started program, its last lines, and whether its end is wanted."""

    service: Service
    process: Process
    reader: asyncio.Task[None]
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))
    expected: bool = False


class Supervisor:
    """Keeps services running inside `async with`; one that ends unasked stops all and raises StackError."""

    def __init__(self, *, log: Path, echo: bool = False) -> None:
        """Lines of the children go to the file `log` and, with `echo`, to the terminal with a prefix."""
        self.children: dict[str, Child] = {}
        self._echo = echo
        self._log_path = log
        self._failure: StackError | None = None
        self._owner: asyncio.Task[object] | None = None
        self._stopping = False
        self._watchers: set[asyncio.Task[None]] = set()
        self._colours: dict[str, int] = {}

    @property
    def pids(self) -> dict[str, int]:
        """The process id of each running service."""
        return {name: child.process.pid for name, child in self.children.items() if alive(child)}

    async def __aenter__(self) -> Self:
        self._owner = asyncio.current_task()
        self._log_path.parent.mkdir(parents=True, exist_ok=True)
        self._log = self._log_path.open("w", encoding="utf-8", buffering=1)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping = True
        if self._failure and self._owner:
            self._owner.uncancel()
        await self.stop_all()
        self._log.close()
        if self._failure:
            raise self._failure from None

    async def start(self, service: Service) -> None:
        """Start the service and return when it is ready; StackError if it ends first or takes too long."""
        child = await self._spawn(service)
        self.children[service.name] = child
        deadline = time.monotonic() + service.start_timeout
        while not (await is_ready(service) and alive(child)):
            if not alive(child):
                await asyncio.wait([child.reader], timeout=1)
                raise StackError(f"{service.name} ended with {ending(child)} at its start{self._tail(child)}")
            if time.monotonic() > deadline:
                raise StackError(f"{service.name} was not ready in {service.start_timeout:.0f} s{self._tail(child)}")
            await asyncio.sleep(0.05)
        watcher = asyncio.create_task(self._watch(child))
        self._watchers.add(watcher)
        watcher.add_done_callback(self._watchers.discard)

    async def stop(self, *names: str) -> None:
        """Stop these services together: SIGTERM, then SIGKILL for the group of one that takes too long."""
        async with asyncio.TaskGroup() as group:
            for name in names:
                if name in self.children:
                    group.create_task(stop_child(self.children[name]))

    async def stop_all(self) -> None:
        """Stop everything, stage by stage in reverse order of the stages."""
        for stage in sorted({child.service.stage for child in self.children.values()}, reverse=True):
            await self.stop(*(name for name, child in self.children.items() if child.service.stage == stage))

    async def restart(self, name: str) -> None:
        """Stop the service and start it again with the same command; returns when it is ready."""
        service = self.children[name].service
        await self.stop(name)
        await self.start(service)

    def kill(self, name: str, sig: signal.Signals) -> None:
        """Send a signal to the whole group of a service; its end is then no failure."""
        child = self.children[name]
        child.expected = True
        signal_group(child, sig)

    def kill_all(self) -> None:
        """End everything at once, by SIGKILL."""
        for name in self.children:
            self.kill(name, signal.SIGKILL)

    async def run(self, service: Service) -> str:
        """Run a command to its end and return what it printed; StackError when it fails."""
        child = await self._spawn(service)
        self.children[service.name] = child
        try:
            async with asyncio.timeout(service.start_timeout):
                await asyncio.gather(child.process.wait(), child.reader)
        except TimeoutError:
            raise StackError(f"{service.name} took over {service.start_timeout:.0f} s{self._tail(child)}") from None
        del self.children[service.name]
        if child.process.returncode:
            raise StackError(f"{service.name} failed with {ending(child)}{self._tail(child)}")
        return "\n".join(child.lines)

    def say(self, name: str, line: str) -> None:
        """Write one line of the service to the log and, with echo, to the terminal."""
        self._log.write(f"{name:<8} | {line}\n")
        if self._echo:
            print(f"{self._prefix(name)} {line}", flush=True)

    async def _spawn(self, service: Service) -> Child:
        process = await asyncio.create_subprocess_exec(
            *service.command,
            cwd=service.cwd,
            env=dict(service.env),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
            start_new_session=True,
            limit=LINE_LIMIT,
        )
        lines: deque[str] = deque(maxlen=KEPT_LINES)
        assert process.stdout is not None  # noqa: S101 (a pipe was asked for)
        reader = asyncio.create_task(self._read(service.name, process.stdout, lines))
        return Child(service=service, process=process, reader=reader, lines=lines)

    async def _read(self, name: str, stream: asyncio.StreamReader, lines: deque[str]) -> None:
        while raw := await read_line(stream):
            line = raw.decode("utf-8", "replace").rstrip()
            lines.append(line)
            self.say(name, line)

    async def _watch(self, child: Child) -> None:
        await child.process.wait()
        if child.expected or self._stopping or self._failure or self._owner is None:
            return
        # A grandchild may hold the pipe open: do not wait for the last lines for ever.
        await asyncio.wait([child.reader], timeout=0.2)
        self._failure = StackError(f"{child.service.name} ended with {ending(child)}{self._tail(child)}")
        self._owner.cancel()

    def _tail(self, child: Child) -> str:
        hidden = child.lines and not self._echo
        return ":\n" + "\n".join(f"    {line}" for line in child.lines) if hidden else ""

    def _prefix(self, name: str) -> str:
        colour = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
        plain = f"{name:<8} |"
        coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        return f"\x1b[{colour}m{plain}\x1b[0m" if coloured else plain


async def is_ready(service: Service) -> bool:
    """Whether the service serves, or has no way to tell."""
    return service.ready is None or await service.ready()


async def read_line(stream: asyncio.StreamReader) -> bytes:
    """The next line; a note in place of one too long to keep; nothing at the end."""
    try:
        return await stream.readline()
    except ValueError:
        return b"(a line of over 1 MiB)"


async def stop_child(child: Child) -> None:
    """End the child's whole group, politely first."""
    child.expected = True
    if alive(child):
        with suppress(ProcessLookupError):
            child.process.terminate()
        await asyncio.wait([asyncio.ensure_future(child.process.wait())], timeout=child.service.stop_timeout)
    signal_group(child, signal.SIGKILL)
    await child.process.wait()
    await asyncio.wait([child.reader], timeout=1)


def signal_group(child: Child, sig: signal.Signals) -> None:
    """Send a signal to every process of the child's session that is still there."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.process.pid, sig)


def alive(child: Child) -> bool:
    """Whether the child has not ended yet."""
    return child.process.returncode is None


def ending(child: Child) -> str:
    """How the child ended, in words."""
    code = child.process.returncode or 0
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
