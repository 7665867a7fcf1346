"""`make smoke`: the whole stack on free ports, used as a person would, with all views of an answer compared.

Signs up, sends, follows the answer over the socket, cuts the socket half-way, comes back, and compares the text
that came live, the text after a reload and the API's; then stops a second answer. Ends with `smoke: ok` and
figures, or with what differs and exit code 1.
"""

import argparse
import asyncio
import re
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import websockets
from websockets.asyncio.client import ClientConnection
from yarl import URL

from config.stack import Options, Stack
from config.supervisor import StackError
from fake_openai import SECONDS_TO_FIRST_TOKEN
from fold import Fold, is_running

TIMEOUT = 20.0
STOP_WITHIN = 2.0
QUESTION = "Say good morning in many languages, with emoji."
TROUBLE = re.compile(r"\b(WARNING|ERROR|CRITICAL|WARN)\b|Traceback|\b\w*(Error|Warning|Exception):", re.IGNORECASE)
Json = dict[str, Any]


class Difference(Exception):
    """What is not as it has to be."""


def check(fine: object, problem: str) -> None:
    """Raise Difference unless it is fine."""
    if not fine:
        raise Difference(problem)


async def until(condition: Callable[[], Awaitable[object]], *, what: str, timeout: float = TIMEOUT) -> None:  # noqa: ASYNC109
    """Return when the condition holds; Difference after so many seconds."""
    deadline = time.monotonic() + timeout
    while not await condition():
        check(time.monotonic() < deadline, f"{what}: not within {timeout:g} s")
        await asyncio.sleep(0.02)


class Browser:
    """Cookies, the CSRF header, and the origin of the page."""

    def __init__(self, origin: str) -> None:
        """Nobody is signed in yet."""
        self.origin = origin
        self.http = aiohttp.ClientSession(origin, cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.http.close()

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies that go with a request to the page's origin."""
        jar = self.http.cookie_jar.filter_cookies(URL(self.origin))
        return {name: cookie.value for name, cookie in jar.items()}

    async def call(self, method: str, path: str, body: Json | None = None, *, status: int = 200) -> Json:
        """The JSON of an answer; Difference if its status is another one."""
        headers = {"X-CSRFToken": self.cookies.get("csrftoken", ""), "Origin": self.origin}
        async with self.http.request(method, path, json=body, headers=headers) as answer:
            check(answer.status == status, f"{method} {path}: {answer.status} {(await answer.text())[:300]}")
            return await answer.json() if answer.content_type == "application/json" else {}

    async def sign_up(self) -> None:
        """Make an account, as the form does, and be signed in."""
        await self.call("GET", "/api/config/")
        person = {"email": f"{uuid.uuid4().hex}@example.com", "password": "correct-horse-42"}
        answer = await self.call("POST", "/_allauth/browser/v1/auth/signup", person)
        check(answer["meta"]["is_authenticated"], f"sign-up: {answer}")

    async def messages(self, chat: str) -> list[Json]:
        """The newest page of the chat, as after a reload."""
        return list((await self.call("GET", f"/api/chats/{chat}/messages/"))["results"])

    async def message(self, key: str) -> Json:
        """One message."""
        return await self.call("GET", f"/api/messages/{key}/")


class Follower:
    """The page's socket and what it has shown."""

    def __init__(self, browser: Browser) -> None:
        """Not connected yet."""
        self.browser = browser
        self.fold = Fold()
        self.first_text: dict[str, float] = {}
        self.repairs = 0
        self._heard = asyncio.Event()

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[ClientConnection]:
        """Fold what the socket brings; at the end it closes properly, unless it was cut before."""
        address = f"{self.browser.origin.replace('http', 'ws', 1)}/ws/"
        cookie = "; ".join(f"{name}={value}" for name, value in self.browser.cookies.items())
        headers = {"Cookie": cookie}
        async with websockets.connect(address, origin=self.browser.origin, additional_headers=headers) as socket:  # type: ignore[arg-type]
            task = asyncio.create_task(self._read(socket))
            try:
                yield socket
            finally:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def refetch(self, chat: str) -> None:
        """Merge the newest page, as after each connect."""
        for message in await self.browser.messages(chat):
            self.fold.snapshot(message)

    async def until(self, condition: Callable[[], object], *, what: str, timeout: float = TIMEOUT) -> None:  # noqa: ASYNC109
        """Return when the condition holds for what has been heard; Difference after so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while not condition():
                    self._heard.clear()
                    await self._heard.wait()
                return
        raise Difference(f"{what}: not within {timeout:g} s; here is {self.fold.messages}")

    def text(self, key: str) -> str:
        """The answer as far as it is shown."""
        return str(self.fold.messages[key]["content"])

    def ended(self, key: str) -> bool:
        """Whether the answer is shown whole, in a final state."""
        return not is_running(self.fold.messages[key]) and key not in self.fold.gaps

    async def _read(self, socket: ClientConnection) -> None:
        with suppress(websockets.ConnectionClosed):
            async for frame in socket:
                for event in self.fold.frame(str(frame)):
                    if event.get("content"):
                        self.first_text.setdefault(event["id"], time.perf_counter())
                await self._repair()
                self._heard.set()

    async def _repair(self) -> None:
        for key in self.fold.gaps:
            self.repairs += 1
            self.fold.snapshot(await self.browser.message(key))


@dataclass(frozen=True)
class Sent:
    """An answer that was asked for, and when."""

    key: str
    at: float


async def send(browser: Browser, chat: str, *, content: str, model: str) -> Sent:
    """Send a message and return the queued answer."""
    at = time.perf_counter()
    body = {"id": str(uuid.uuid4()), "content": content, "model": model}
    answer = (await browser.call("POST", f"/api/chats/{chat}/messages/", body, status=201))["answer"]
    return Sent(answer["id"], at)


async def check_page(browser: Browser) -> None:
    """The probes, the page with its policy, and one of its assets."""
    await browser.call("GET", "/healthz")
    ready = await browser.call("GET", "/readyz")
    check(ready["status"] == "ok", f"/readyz: {ready}")
    async with browser.http.get("/") as page:
        html, policy = await page.text(), page.headers.get("Content-Security-Policy", "")
    check(page.status == 200 and 'id="chattable"' in html, f"the page: {page.status} {html[:300]}")
    check("script-src 'self'" in policy and "unsafe" not in policy, f"the page's policy: {policy!r}")
    assets = re.findall(r'(?:src|href)="(/assets/[^"]+)"', html)
    check(assets, f"the page names no asset: {html[:300]}")
    async with browser.http.get(assets[0]) as asset:
        check(asset.status == 200 and await asset.read(), f"{assets[0]}: {asset.status}")
        check("immutable" in asset.headers.get("Cache-Control", ""), f"{assets[0]} is not kept by browsers")


async def follow_through_a_cut(browser: Browser, chat: str) -> str:
    """Compare all views of an answer whose socket was cut half-way; return the figures."""
    page = Follower(browser)
    async with page.connected() as socket:
        await page.refetch(chat)
        sent = await send(browser, chat, content=QUESTION, model="demo")
        await page.refetch(chat)
        await page.until(lambda: len(page.text(sent.key)) > 200, what="200 characters over the socket")
        socket.transport.abort()
    seen = len(page.text(sent.key))

    async def grown() -> bool:
        return bool((await browser.message(sent.key))["content_length"] > seen + 50)

    await until(grown, what="the answer grows while nobody looks")
    async with page.connected():
        await page.refetch(chat)
        check(len(page.text(sent.key)) > seen, "after the cut the page shows no more than before")
        check(not page.ended(sent.key), "the answer ended too early for this test")
        await page.until(lambda: page.ended(sent.key), what="the end of the answer", timeout=40)
    reloaded = next(message for message in await browser.messages(chat) if message["id"] == sent.key)
    alone = await browser.message(sent.key)
    check(alone["status"] == "complete", f"the answer ended as {alone['status']}: {alone['error']}")
    same("live", page.text(sent.key), "reloaded", reloaded["content"])
    same("reloaded", reloaded["content"], "from the API", alone["content"])
    check(len(alone["content"]) == alone["content_length"], "content_length is not the number of characters")
    first = (page.first_text[sent.key] - sent.at - SECONDS_TO_FIRST_TOKEN) * 1000
    return f"first token {first:.0f} ms after the provider's own wait, {alone['content_length']} characters compared"


async def stop_half_way(browser: Browser, chat: str, *, provider: str) -> str:
    """Stop a second answer: its text stays, and the provider's connection closes; return the figures."""
    page = Follower(browser)
    model = "count-n1000-r20"
    async with page.connected():
        await page.refetch(chat)
        sent = await send(browser, chat, content="Count.", model=model)
        await page.refetch(chat)
        await page.until(lambda: page.text(sent.key).count(" ") >= 10, what="ten numbers")
        stopped_at = time.perf_counter()
        await browser.call("POST", f"/api/messages/{sent.key}/stop/")
        await until(lambda: closed(browser, provider, model), what="the provider's connection", timeout=STOP_WITHIN)
        took = time.perf_counter() - stopped_at
        await page.until(lambda: page.ended(sent.key), what="the stopped answer", timeout=STOP_WITHIN)
    kept = await browser.message(sent.key)
    check(kept["status"] == "stopped", f"the stopped answer is {kept['status']}")
    numbers = kept["content"].split()
    check(numbers == [str(n) for n in range(1, len(numbers) + 1)], f"a hole or a repeat: {kept['content']!r}")
    check(len(numbers) >= 10, f"the stop lost text: {kept['content']!r}")
    same("live", page.text(sent.key), "kept", kept["content"])
    return f"stopped in {took * 1000:.0f} ms"


async def closed(browser: Browser, provider: str, model: str) -> bool:
    """Whether the provider saw its client leave."""
    async with browser.http.get(f"{provider.removesuffix('/v1')}/requests") as answer:
        leavers = [record["closed_by"] for record in await answer.json() if record["model"] == model]
    check(len(leavers) == 1, f"{len(leavers)} requests for one answer")
    return leavers == ["client"]


def same(one: str, left: str, other: str, right: str) -> None:
    """Raise Difference, with the place, unless both texts are equal byte for byte."""
    if left.encode() == right.encode():
        return
    pairs = enumerate(zip(left, right, strict=False))
    at = next((index for index, (a, b) in pairs if a != b), min(len(left), len(right)))
    near = slice(max(0, at - 20), at + 60)
    lengths = f"{len(left)} and {len(right)} characters"
    raise Difference(f"{one} and {other} text differ from character {at}: {left[near]!r} / {right[near]!r} ({lengths})")


def trouble(log: Path) -> list[str]:
    """The lines of the log that nobody should have to read."""
    return [line for line in log.read_text().splitlines() if TROUBLE.search(line)]


async def chat(stack: Stack) -> list[str]:
    """Do what a person does; return the figures."""
    async with Browser(stack.url) as browser:
        await check_page(browser)
        await browser.sign_up()
        made = await browser.call("POST", "/api/chats/", {"title": "Smoke"}, status=201)
        return [
            await follow_through_a_cut(browser, made["id"]),
            await stop_half_way(browser, made["id"], provider=stack.provider_url),
        ]


async def smoke(database_url: str) -> str:
    """Run it all; return the figures or raise Difference."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="chattable-smoke-") as data:
        options = Options(page="built", data=Path(data), database_url=database_url)
        async with Stack(options) as stack:
            ready = time.perf_counter() - started
            figures = await chat(stack)
        lines = trouble(Path(data) / "stack.log")
    check(not lines, "the log is not clean:\n  " + "\n  ".join(lines))
    figures += ["log clean", f"ready in {ready:.1f} s, all in {time.perf_counter() - started:.1f} s"]
    return ", ".join(figures)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="smoke.py", description=__doc__)
    parser.add_argument("--database-url", default="", help="run on this PostgreSQL instead of a new SQLite file")
    options = parser.parse_args()
    try:
        print(f"smoke: ok ({asyncio.run(smoke(options.database_url))})")
    except (Difference, StackError) as problem:
        sys.exit(f"smoke: FAILED: {problem}")


if __name__ == "__main__":
    main()
