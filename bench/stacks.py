"""The stacks that are compared, each with its provider, started and spoken to as its users do."""

import asyncio
import json
import os
import random
import secrets
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import psutil

from bench.client import Chat, Session, read
from config.postgres import private_postgres
from config.probes import HOST, answers, free_ports, pong, valkey_server
from config.stack import BACKEND, ROOT, Options, Stack, valkey_command
from config.supervisor import Service, Supervisor

BENCH = ROOT / "bench"
CHAINLIT = BENCH / ".chainlit"
CHAINLIT_VERSION = "2.12.0"
# For a thousand streams, and for runs that need an owner of their own.
KEYS = 1010
FINAL = ("complete", "stopped", "failed")


@dataclass
class Running:
    """A stack that is up: how to open a chat in it, and its processes."""

    name: str
    open_chat: Any
    pids: Mapping[str, int]
    provider_url: str
    database_url: str = ""
    web_urls: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def trees(self) -> dict[str, list[psutil.Process]]:
        """The stack's processes and their children, by their kind (web, worker, valkey, postgres)."""
        kinds: dict[str, list[psutil.Process]] = {}
        for name, pid in self.pids.items():
            process = psutil.Process(pid)
            kinds.setdefault(name.split("-")[0], []).extend([process, *process.children(recursive=True)])
        return kinds


def environment(provider_url: str, **values: str) -> dict[str, str]:
    """What every stack's processes get."""
    return {
        **os.environ,
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath))),
        "PYTHONPATH": os.pathsep.join((str(BACKEND), str(ROOT))),
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser",
        "OPENAI_API_KEY": "none",
        "OPENAI_BASE_URL": provider_url,
        **values,
    }


async def start_provider(supervisor: Supervisor) -> str:
    """The provider, in a process of its own; its URL."""
    [[port]] = free_ports([0])
    command = ("python", "-m", "bench.provider", str(port))
    url = f"http://{HOST}:{port}"
    ready = lambda: answers(f"{url}/stats")  # noqa: E731
    await supervisor.start(Service(name="provider", command=command, cwd=ROOT, env=environment(""), ready=ready))
    return f"{url}/v1"


def postgres_pid(url: str) -> int:
    """The postmaster behind the URL."""
    port = int(url.rsplit(":", 1)[1].split("/")[0])
    listening = [one for one in psutil.net_connections("tcp") if one.status == "LISTEN" and one.laddr and one.pid]
    return next(int(one.pid or 0) for one in listening if getattr(one.laddr, "port", 0) == port)


# --- Chattable ------------------------------------------------------------------------------------


@dataclass
class ChattableChat:
    """A chat by an API key, and the owner's socket."""

    http: aiohttp.ClientSession
    url: str
    headers: Mapping[str, str]
    chat: str
    socket: aiohttp.ClientWebSocketResponse
    session: Session | None = None
    reading: asyncio.Task[None] | None = None

    async def send(self, session: Session) -> None:
        """Send the turn."""
        self.session = session
        self.reading = asyncio.create_task(read(self.socket, self._take))
        body = {"id": str(uuid.uuid4()), "content": "Hi", "model": session.model}
        url = f"{self.url}/api/chats/{self.chat}/messages/"
        async with self.http.post(url, json=body, headers=self.headers) as answer:
            if answer.status != 201:
                raise RuntimeError(f"{answer.status} {await answer.text()}")

    def _take(self, data: str) -> None:
        session = self.session
        assert session is not None
        session.frame(data)
        frame = orjson.loads(data)
        for event in frame if isinstance(frame, list) else [frame]:
            if event["type"] == "delta" and "content" in event:
                session.feed(event["content"][2])
            elif event["type"] == "message.updated" and event["message"]["status"] in FINAL:
                session.end()

    async def close(self) -> None:
        """Close the socket."""
        if self.reading:
            self.reading.cancel()
        await self.socket.close()


@asynccontextmanager
async def chattable(*, web: int = 1, workers: int = 2) -> AsyncIterator[Running]:
    """Chattable on PostgreSQL, as production runs it: auth, hooks, saves and signals."""
    async with AsyncExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chattable-bench-")))
        url = await asyncio.to_thread(stack.enter_context, private_postgres())
        helper = await stack.enter_async_context(Supervisor(log=data / "provider.log"))
        provider = await start_provider(helper)
        settings = {
            "DEBUG": "0",
            "SECRET_KEY": secrets.token_hex(32),
            "OPENAI_API_KEY": "none",
            "OPENAI_BASE_URL": provider,
            "LOG_LEVEL": "WARNING",
        }
        options = Options(
            web_port=random.randrange(20_000, 30_000),
            web=web,
            workers=workers,
            concurrency=1200,
            data=data / "stack",
            database_url=url,
            settings=settings,
        )
        running = await stack.enter_async_context(Stack(options))
        file = data / "keys.json"
        await running.manage("create_api_keys", "--count", str(KEYS), "--output", str(file), "--force")
        keys = json.loads(file.read_text())

        async def open_chat(http: aiohttp.ClientSession, number: int) -> Chat:
            base = running.web_urls[number % web]
            headers = {"Authorization": f"Bearer {keys[number]}"}
            async with http.post(f"{base}/api/chats/", json={}, headers=headers) as answer:
                chat = (await answer.json())["id"]
            socket = await http.ws_connect(f"{base}/ws/", headers=headers, compress=0, max_msg_size=0)
            return ChattableChat(http, base, headers, chat, socket)

        pids = {**running.pids, "postgres": postgres_pid(url)}
        yield Running("chattable", open_chat, pids, provider, url, running.web_urls, keys)


# --- the naive stack ------------------------------------------------------------------------------


@dataclass
class NaiveChat:
    """A chat whose socket brings the whole text again for each token."""

    http: aiohttp.ClientSession
    url: str
    chat: int
    socket: aiohttp.ClientWebSocketResponse
    session: Session | None = None
    reading: asyncio.Task[None] | None = None
    length: int = 0

    async def send(self, session: Session) -> None:
        """Send the turn."""
        self.session = session
        self.reading = asyncio.create_task(read(self.socket, self._take))
        body = {"content": "Hi", "model": session.model}
        async with self.http.post(f"{self.url}/chats/{self.chat}/messages/", json=body) as answer:
            answer.raise_for_status()

    def _take(self, data: str) -> None:
        session = self.session
        assert session is not None
        session.frame(data)
        message = orjson.loads(data)
        if len(message["content"]) > self.length:
            session.feed(message["content"][self.length :])
            self.length = len(message["content"])
        if message["status"] == "done":
            session.end()

    async def close(self) -> None:
        """Close the socket."""
        if self.reading:
            self.reading.cancel()
        await self.socket.close()


@asynccontextmanager
async def naive() -> AsyncIterator[Running]:
    """A stack of the same shape as tutorials build it: bench/naive."""
    async with AsyncExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="naive-bench-")))
        url = await asyncio.to_thread(stack.enter_context, private_postgres())
        supervisor = await stack.enter_async_context(Supervisor(log=data / "stack.log"))
        provider = await start_provider(supervisor)
        [[web, valkey]] = free_ports([0, 0])
        redis = f"redis://{HOST}:{valkey}/0"
        env = environment(provider, DATABASE_URL=url, REDIS_URL=redis, DJANGO_SETTINGS_MODULE="bench.naive.settings")

        def service(name: str, *command: str, stage: int = 1, ready: Any = None) -> Service:
            return Service(name=name, command=command, cwd=ROOT, env=env, stage=stage, ready=ready)

        server = valkey_command(server=valkey_server(), port=valkey, data=data)
        await supervisor.start(service("valkey", *server, ready=lambda: pong(redis)))
        await supervisor.run(service("migrate", "django-admin", "migrate", "--run-syncdb"))
        worker = ("celery", "--quiet", "-A", "bench.naive.app", "worker", "-P", "prefork", "-c", "8")
        await supervisor.start(service("worker", *worker, stage=2))
        base = f"http://{HOST}:{web}"
        uvicorn = ("uvicorn", "bench.naive.app:application", "--host", HOST, "--port", str(web), "--no-access-log")
        await supervisor.start(service("web", *uvicorn, stage=2, ready=lambda: answers(f"{base}/health")))
        # The worker says nothing when it is ready; its processes have forked by then.
        await asyncio.sleep(5)

        async def open_chat(http: aiohttp.ClientSession, number: int) -> Chat:
            async with http.post(f"{base}/chats/", json={}) as answer:
                chat = (await answer.json())["id"]
            socket = await http.ws_connect(f"{base}/ws/chats/{chat}/", compress=0, max_msg_size=0)
            return NaiveChat(http, base, chat, socket)

        pids = {name: pid for name, pid in supervisor.pids.items() if name != "provider"}
        yield Running("naive", open_chat, {**pids, "postgres": postgres_pid(url)}, provider, url)


# --- Chainlit -------------------------------------------------------------------------------------


@dataclass
class ChainlitChat:
    """A session of Chainlit: socket.io over one WebSocket."""

    socket: aiohttp.ClientWebSocketResponse
    ready: asyncio.Event
    auth: Mapping[str, str]
    session: Session | None = None
    reading: asyncio.Task[None] | None = None
    begun: bool = False

    async def connect(self) -> None:
        """Shake hands as the page does."""
        self.reading = asyncio.create_task(read(self.socket, self._take))
        async with asyncio.timeout(60):
            await self.ready.wait()
        await self._emit("connection_successful")

    async def send(self, session: Session) -> None:
        """Send the turn; its text names the model."""
        self.session = session
        message = {"id": str(uuid.uuid4()), "threadId": "", "name": "user", "type": "user_message"}
        message |= {"output": session.model, "createdAt": "2026-01-05T10:00:00.000Z"}
        await self._emit("client_message", {"message": message, "fileReferences": []})

    async def close(self) -> None:
        """Close the socket."""
        if self.reading:
            self.reading.cancel()
        await self.socket.close()

    async def _emit(self, *event: Any) -> None:
        await self.socket.send_str("42" + json.dumps(event))

    def _take(self, data: str) -> None:
        if data.startswith("0"):
            self._reply("40" + json.dumps(self.auth))
        elif data.startswith("2"):
            self._reply("3")
        elif data.startswith("40"):
            self.ready.set()
        elif data.startswith("42") and self.session:
            self._event(data, self.session)

    def _reply(self, text: str) -> None:
        self._replying = asyncio.ensure_future(self.socket.send_str(text))

    def _event(self, data: str, session: Session) -> None:
        name, *rest = orjson.loads(data[2:])
        session.frame(data)
        if name == "stream_start":
            self.begun = True
            session.feed(rest[0].get("output") or "")
        elif name == "stream_token":
            session.feed(rest[0]["token"])
        elif name == "task_end" and self.begun:
            session.end()


def lacking_chainlit() -> str:
    """Install Chainlit into an environment of its own, if it is not there; why that failed, or nothing."""
    if (CHAINLIT / "bin" / "chainlit").is_file():
        return ""
    uv = shutil.which("uv") or str(ROOT / ".tools" / "bin" / "uv")
    python, wanted = str(CHAINLIT / "bin" / "python"), (f"chainlit=={CHAINLIT_VERSION}", "openai>=3,<4")
    steps = (
        (uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(CHAINLIT)),
        (uv, "pip", "install", "--quiet", "--python", python, *wanted),
    )
    for step in steps:
        try:
            done = subprocess.run(step, capture_output=True, text=True, timeout=600, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"Chainlit cannot be installed: {error}"
        if done.returncode:
            return f"Chainlit cannot be installed: {done.stderr.strip()[-300:]}"
    return ""


@asynccontextmanager
async def chainlit() -> AsyncIterator[Running]:
    """Chainlit from PyPI with the smallest app; it keeps nothing in a database."""
    async with AsyncExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chainlit-bench-")))
        supervisor = await stack.enter_async_context(Supervisor(log=data / "stack.log"))
        provider = await start_provider(supervisor)
        [[port]] = free_ports([0])
        app = str(shutil.copy(BENCH / "chainlit_app.py", data / "app.py"))
        env = environment(
            provider, CHAINLIT_AUTH_SECRET=secrets.token_hex(32), PYTHONPATH="", CHAINLIT_APP_ROOT=str(data)
        )
        command = (str(CHAINLIT / "bin" / "chainlit"), "run", app, "--headless", "--host", HOST, "--port", str(port))
        base = f"http://{HOST}:{port}"
        ready = lambda: answers(base)  # noqa: E731
        await supervisor.start(Service(name="web", command=command, cwd=data, env=env, ready=ready, stage=1))

        async def open_chat(http: aiohttp.ClientSession, number: int) -> Chat:
            async with http.post(f"{base}/login", data={"username": f"user-{number}", "password": "x"}) as answer:
                answer.raise_for_status()
                cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in answer.cookies.items())
            address = f"{base}/ws/socket.io/?EIO=4&transport=websocket"
            headers = {"Cookie": cookie, "Origin": base}
            socket = await http.ws_connect(address, headers=headers, compress=0, max_msg_size=0)
            auth = {"clientType": "webapp", "sessionId": str(uuid.uuid4()), "threadId": "", "userEnv": "{}"}
            chat = ChainlitChat(socket, asyncio.Event(), {**auth, "chatProfile": ""})
            await chat.connect()
            return chat

        yield Running("chainlit", open_chat, {"web": supervisor.pids["web"]}, provider)
