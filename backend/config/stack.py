"""The whole application as child processes: Valkey, provider, web, worker and page.

`make dev`, `make smoke`, the end-to-end tests and the benchmark use `async with Stack(Options()) as stack`;
other languages run `python -m config.stack` and read the line of JSON that it prints when all are ready.
"""

import argparse
import asyncio
import fcntl
import json
import os
import resource
import secrets
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from config.probes import HOST, answers, free_ports, listening_workers, pong, valkey_server
from config.supervisor import Service, StackError, Supervisor

BACKEND = Path(__file__).resolve().parent.parent
ROOT = BACKEND.parent
FRONTEND = ROOT / "frontend"
CODE = ("chattable", "accounts", "config")
# A page sends nothing but heartbeats.
MAX_FRAME_BYTES = 2**16
VALKEY_OPTIONS = ("--save", "", "--appendonly", "no")
# What config/settings.py reads. A stack passes only what its options say: nothing else leaks in.
SETTINGS = frozenset(
    {
        "ALLOWED_HOSTS",
        "CHATTABLE_DEMO",
        "CHATTABLE_MODEL",
        "CHATTABLE_MODELS",
        "CSRF_TRUSTED_ORIGINS",
        "DATABASE_URL",
        "DEBUG",
        "LOG_LEVEL",
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
        "REDIS_URL",
        "SECRET_KEY",
        "SECURE_COOKIES",
        "SECURE_PROXY_SSL_HEADER",
    }
)


@dataclass(frozen=True, kw_only=True)
class Options:
    """What to start, and with which values."""

    # "vite": with hot reload; "built": frontend/dist served by Django with DEBUG off; "none": no page.
    page: Literal["vite", "built", "none"] = "none"
    web: int = 1
    workers: int = 1
    # How many answers one worker streams at most.
    concurrency: int = 500
    # Start web and workers again when their code changes.
    reload: bool = False
    # Folder for the database, the log (stack.log) and Valkey. Two stacks never share one.
    data: Path = ROOT / ".run"
    # Empty: SQLite in the data folder.
    database_url: str = ""
    # The ports to try first, then the next ones; 0 takes any free port.
    web_port: int = 0
    page_port: int = 0
    # Values for config/settings.py. With OPENAI_API_KEY or OPENAI_BASE_URL no demo provider is started,
    # with REDIS_URL no Valkey.
    settings: Mapping[str, str] = field(default_factory=dict)
    demo_user: bool = False
    # Show the children's lines on the terminal too.
    echo: bool = False


def web_command(*, host: str, port: int) -> tuple[str, ...]:
    """The web server: HTTP and sockets in one process."""
    server = ("uvicorn", "config.asgi:application", "--host", host, "--port", str(port))
    # Frames are short, so that packing them costs more than it saves.
    socket = ("--ws", "wsproto", "--ws-per-message-deflate", "false", "--ws-max-size", str(MAX_FRAME_BYTES))
    return (*server, *socket, "--no-access-log", "--timeout-graceful-shutdown", "3")


def worker_command(*, concurrency: int = 500, name: str = "") -> tuple[str, ...]:
    """A worker, which streams up to `concurrency` answers at once."""
    worker = ("celery", "--quiet", "-A", "config", "worker", "-P", "threads", "-c", str(concurrency))
    lean = ("--prefetch-multiplier", "1", "--without-gossip", "--without-mingle", "--without-heartbeat")
    return (*worker, *lean, "-Q", "chattable", *(("-n", f"{name}@%h") if name else ()))


def migrate_command() -> tuple[str, ...]:
    """Bring the database to the state that the code expects."""
    return ("python", "manage.py", "migrate", "--no-input")


def valkey_command(*, server: str, port: int, data: Path) -> tuple[str, ...]:
    """A private Valkey that keeps nothing on disk."""
    place = ("--port", str(port), "--bind", HOST, "--dir", str(data), "--logfile", str(data / "valkey.log"))
    return (server, *place, *VALKEY_OPTIONS)


def provider_command(*, port: int) -> tuple[str, ...]:
    """The demo provider, which is also the provider of the tests."""
    return ("python", "tests/fake_openai.py", "--host", HOST, "--port", str(port))


def page_command(*, port: int) -> tuple[str, ...]:
    """Vite with hot reload; it passes API and sockets on to the web server."""
    vite = ("node", "node_modules/vite/bin/vite.js", "--host", HOST, "--port", str(port))
    return (*vite, "--strictPort", "--logLevel", "warn", "--clearScreen", "false")


class Stack:
    """The running application; at the end of `async with` everything stops, in order."""

    def __init__(self, options: Options) -> None:
        """Nothing starts before `async with`."""
        self.options = options
        self.supervisor = Supervisor(log=options.data / "stack.log", echo=options.echo)
        self.web_urls: list[str] = []
        self.page_url = ""
        self.provider_url = ""
        # "email password", with the option demo_user.
        self.demo_login = ""
        self.env: dict[str, str] = {}
        self._reloading: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """What a person opens in the browser."""
        return self.page_url or self.web_url

    @property
    def web_url(self) -> str:
        """The address of the first web process, without a slash at the end."""
        return self.web_urls[0]

    @property
    def redis_url(self) -> str:
        """The address of Valkey."""
        return self.env["REDIS_URL"]

    @property
    def pids(self) -> dict[str, int]:
        """The process id of each running service: valkey, provider, web, web-2, worker, worker-2, page."""
        return self.supervisor.pids

    async def __aenter__(self) -> Self:
        self._lock = lock_folder(self.options.data)
        allow_open_files()
        await self.supervisor.__aenter__()
        try:
            await self._start()
        except BaseException as error:
            await self.__aexit__(type(error), error, error.__traceback__)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._reloading:
                self._reloading.cancel()
                await asyncio.wait([self._reloading])
            await self.supervisor.__aexit__(kind, error, trace)
        finally:
            os.close(self._lock)

    async def restart(self, name: str) -> None:
        """Start a service again on the same port, whether it still runs or not; returns when it is ready."""
        await self.supervisor.restart(name)

    async def stop(self, name: str) -> None:
        """Stop a service with SIGTERM and wait for its end."""
        await self.supervisor.stop(name)

    def kill(self, name: str, sig: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to a service, whose end is then no failure of the stack."""
        self.supervisor.kill(name, sig)

    async def manage(self, *arguments: str) -> str:
        """Run a manage.py command in the stack's environment and return what it printed."""
        return await self.supervisor.run(self._service("manage", ("python", "manage.py", *arguments)))

    async def _start(self) -> None:
        self.env = environment(self.options)
        web_ports = [self.options.web_port] * self.options.web
        web, [page, provider, valkey] = free_ports(web_ports, [self.options.page_port, 0, 0])
        self.web_urls = [f"http://{HOST}:{port}" for port in web]
        await together(self._start_page(page), self._start_backend(web, provider=provider, valkey=valkey))

    async def _start_page(self, port: int) -> None:
        if self.options.page != "vite":
            return
        self.page_url = f"http://{HOST}:{port}"
        # Not the settings: DEBUG means something else to the page's tools.
        env = {name: value for name, value in self.env.items() if name not in SETTINGS}
        env["BACKEND_URL"] = self.web_url
        page = self._service("page", page_command(port=port), cwd=FRONTEND, url=self.page_url, stage=3)
        await self.supervisor.start(replace(page, env=env))

    async def _start_backend(self, web: Sequence[int], *, provider: int, valkey: int) -> None:
        await together(self._start_valkey(valkey), self._start_provider(provider), self._migrate())
        await together(
            self._make_demo_user(),
            *(self._start_web(number, port) for number, port in enumerate(web, 1)),
            *(self._start_worker(number) for number in range(1, self.options.workers + 1)),
        )
        if self.options.reload:
            self._reloading = asyncio.create_task(self._reload_workers())

    async def _start_valkey(self, port: int) -> None:
        if given := self.env.get("REDIS_URL"):
            if not await pong(given):
                raise StackError(f"REDIS_URL is set, but no Valkey answers at {place_of(given)}.")
            return
        command = valkey_command(server=valkey_server(), port=port, data=self.options.data)
        self.env["REDIS_URL"] = f"redis://{HOST}:{port}/0"
        await self.supervisor.start(self._service("valkey", command, ready=lambda: pong(self.redis_url)))

    async def _start_provider(self, port: int) -> None:
        if self.env.get("OPENAI_API_KEY") or self.env.get("OPENAI_BASE_URL"):
            return
        self.provider_url = f"http://{HOST}:{port}/v1"
        self.env |= {"CHATTABLE_DEMO": "1", "OPENAI_API_KEY": "demo", "OPENAI_BASE_URL": self.provider_url}
        self.env.setdefault("CHATTABLE_MODEL", "demo")
        models = f"{self.provider_url}/models"
        await self.supervisor.start(self._service("provider", provider_command(port=port), cwd=ROOT, url=models))

    async def _migrate(self) -> None:
        await self.supervisor.run(self._service("migrate", migrate_command()))

    async def _make_demo_user(self) -> None:
        if self.options.demo_user:
            command = ("python", "manage.py", "create_demo_user", "--force", "--skip-checks")
            self.demo_login = (await self.supervisor.run(self._service("user", command))).strip()

    async def _start_web(self, number: int, port: int) -> None:
        reload = (
            "--log-level",
            "warning",
            "--reload",
            *(part for folder in CODE for part in ("--reload-dir", folder)),
        )
        command = (*web_command(host=HOST, port=port), *(reload if self.options.reload else ()))
        url = f"http://{HOST}:{port}/healthz"
        await self.supervisor.start(self._service(numbered("web", number), command, url=url, stage=2))

    async def _start_worker(self, number: int) -> None:
        name = numbered("worker", number)
        command = worker_command(concurrency=self.options.concurrency, name=name)
        await self.supervisor.start(self._service(name, command, ready=self._workers_listen, stage=2))

    async def _workers_listen(self) -> bool:
        running = sum(name.startswith("worker") for name in self.pids)
        return await listening_workers(self.redis_url) >= running

    async def _reload_workers(self) -> None:
        from watchfiles import PythonFilter, awatch

        async for _ in awatch(*(BACKEND / folder for folder in CODE), watch_filter=PythonFilter()):
            for name in [name for name in self.supervisor.children if name.startswith("worker")]:
                self.supervisor.say(name, "the code has changed: starting again")
                try:
                    await self.restart(name)
                except StackError:
                    self.supervisor.say(name, "waiting for the next change of the code")

    def _service(
        self,
        name: str,
        command: tuple[str, ...],
        *,
        cwd: Path = BACKEND,
        url: str = "",
        ready: Callable[[], Awaitable[bool]] | None = None,
        stage: int = 1,
    ) -> Service:
        ready = ready or ((lambda: answers(url)) if url else None)
        return Service(name=name, command=command, cwd=cwd, env=dict(self.env), ready=ready, stage=stage)


def environment(options: Options) -> dict[str, str]:
    """The children's environment before the addresses of Valkey and the provider are known."""
    # Without compiled files on disk every start would take seconds longer.
    unwanted = SETTINGS | {"PYTHONDONTWRITEBYTECODE"}
    own = {name: value for name, value in os.environ.items() if name not in unwanted}
    path = [str(Path(sys.executable).parent), str(ROOT / ".tools" / "bin"), own.get("PATH", os.defpath)]
    built = options.page == "built"
    if built and not (FRONTEND / "dist" / "index.html").is_file():
        raise StackError("The page is not built yet: run `make build` first.")
    return {
        **own,
        "PATH": os.pathsep.join(path),
        "PYTHONUNBUFFERED": "1",
        # With an arena for each of its threads a process keeps what the largest answer took in each of them.
        "MALLOC_ARENA_MAX": "2",
        # Celery warns root at every start.
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser",
        # The options say it all; dev.py has put the values of .env into them.
        "PYTHON_DOTENV_DISABLED": "1",
        "DEBUG": "0" if built else "1",
        **({"SECRET_KEY": secrets.token_urlsafe(50)} if built else {}),
        "SECURE_COOKIES": "0",
        "ALLOWED_HOSTS": f"{HOST},localhost",
        "DATABASE_URL": options.database_url or f"sqlite:///{options.data / 'db.sqlite3'}",
        **{name: value for name, value in options.settings.items() if value},
    }


def numbered(name: str, number: int) -> str:
    """The first service of a kind has the name of the kind; then follow name-2, name-3 and so on."""
    return name if number == 1 else f"{name}-{number}"


def place_of(url: str) -> str:
    """The URL's host and port: what may be shown of it."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 6379}"


def lock_folder(data: Path) -> int:
    """Hold the data folder until the returned file is closed; StackError when another process holds it."""
    data.mkdir(parents=True, exist_ok=True)
    lock = os.open(data / "stack.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise StackError(f"Chattable already runs with the data in {data}: stop that one first.") from None
    return lock


def allow_open_files() -> None:
    """Let the children hold as many sockets as the system allows, instead of the usual 1,024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # macOS calls it unlimited, and refuses that
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def together(*steps: Coroutine[Any, Any, None]) -> None:
    """Run the steps side by side; the first failure ends the others and is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            for step in steps:
                group.create_task(step)
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None


async def keep_running(stack: Stack, *, on_ready: Callable[[Stack], None]) -> None:
    """Run the stack until SIGINT, SIGTERM or SIGHUP stops it in order; a second one ends all at once."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    stops = 0

    def stop() -> None:
        nonlocal stops
        stops += 1
        if stops > 1:
            stack.supervisor.kill_all()
        elif task:
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop)
    try:
        async with stack:
            on_ready(stack)
            await asyncio.Event().wait()
    except asyncio.CancelledError:
        if not stops:
            raise


def report(stack: Stack) -> None:
    """Print where everything is, as one line of JSON."""
    facts = {
        "url": stack.url,
        "web_urls": stack.web_urls,
        "provider_url": stack.provider_url,
        "redis_url": stack.redis_url,
        "database_url": stack.env["DATABASE_URL"],
        "demo_login": stack.demo_login,
        "pids": stack.pids,
    }
    print(json.dumps(facts), flush=True)


def main() -> None:
    """Run a stack from the command line until it is told to stop."""
    parser = argparse.ArgumentParser(prog="python -m config.stack", description=__doc__)
    parser.add_argument("--page", choices=("vite", "built", "none"), default="none")
    parser.add_argument("--web", type=int, default=1, help="web processes, each with a port of its own")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--concurrency", type=int, default=500, help="answers that one worker streams at most")
    parser.add_argument("--data", type=Path, required=True, help="folder for the database and the log")
    parser.add_argument("--database-url", default="", help="default: SQLite in the data folder")
    parser.add_argument("--web-port", type=int, default=0)
    parser.add_argument("--demo-user", action="store_true")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="values for the settings")
    given = vars(parser.parse_args())
    settings = dict(pair.split("=", 1) for pair in given.pop("set"))
    data = given.pop("data").resolve()
    options = Options(**given, data=data, settings=settings)
    try:
        asyncio.run(keep_running(Stack(options), on_ready=report))
    except StackError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
