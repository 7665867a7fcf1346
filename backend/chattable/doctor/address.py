"""The address that people use: an answer is asked for there, and followed by socket and by stream."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, Self

import aiohttp

from chattable.doctor.findings import Finding, provider_finding

# How long a first sign of life may take, and how much later than elsewhere text may come, in seconds.
SIGN_SECONDS = 5.0
LATE_SECONDS = 2.0
POLL_SECONDS = 0.25
QUESTION = "Count from 1 to 50, one number a line, and write nothing else."
FINAL = ("complete", "stopped", "failed")
# What a server, or a proxy in front of it, may do wrong.
FAILURES = (aiohttp.ClientError, OSError, TimeoutError, ValueError)

CURES = {
    "socket": "Let the proxy pass sockets on at once (nginx: `proxy_http_version 1.1`, the Upgrade and Connection "
    "headers, `proxy_read_timeout` above 60 s).",
    "stream": "Switch the proxy's buffering off for /api/events/ (nginx: `proxy_buffering off`; no compression there).",
}


class Follower:
    """What one way has brought of the answer, and when."""

    def __init__(self, name: str, frames: AsyncIterator[str]) -> None:
        self.name = name
        self._frames = frames
        self._reached: list[tuple[float, str, int]] = []

    async def follow(self) -> None:
        """Note what comes until cancelled."""
        with suppress(*FAILURES):
            async for frame in self._frames:
                for event in _events(frame):
                    if event.get("type") == "delta" and "content" in event:
                        self._reached.append((_now(), event["id"], event["content"][1]))

    def when(self, answer: str, length: int) -> float | None:
        """When so many characters of the answer had come; None where they never did."""
        return next((at for at, key, end in self._reached if key == answer and end >= length), None)


class Address:
    """A Chattable as somebody with a key reaches it; open it by `Address.at`."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http, self._url = http, url.rstrip("/")

    @classmethod
    @asynccontextmanager
    async def at(cls, url: str, *, key: str) -> AsyncIterator[Self]:
        """The address, with connections for as long as the block lasts."""
        limits = aiohttp.ClientTimeout(total=None, sock_connect=10)
        headers = {"Authorization": f"Bearer {key}"}
        async with aiohttp.ClientSession(headers=headers, timeout=limits) as http:
            yield cls(http, url)

    async def findings(self, *, model: str, wait: float) -> list[Finding]:
        """All that is wrong; an answer is waited for so many seconds. Leaves nothing behind."""
        if finding := await self._api():
            return [finding]
        found: list[Finding] = []
        followers: list[Follower] = []
        async with AsyncExitStack() as stack:
            for way in (self._socket, self._stream):
                follower = await way(stack)
                (followers if isinstance(follower, Follower) else found).append(follower)  # type: ignore[arg-type]
            return found + await self._watch(followers, model=model, wait=wait)

    async def _api(self) -> Finding | None:
        try:
            status, body = await self._call("GET", "/api/status/")
        except FAILURES as error:
            return Finding("unreachable", f"{self._url} does not answer: {error!r}", "Check the address and its proxy.")
        if status in (401, 403):
            return Finding("key_refused", f"{self._url} refuses the key.", "Give a valid API key with --key.")
        if status >= 500:
            return Finding("web_down", f"{self._url} answers {status}.", "Start the web server, and read its log.")
        if status != 200 or "workers" not in body:
            what = f"{self._url}/api/status/ answers {status}, and not as Chattable does."
            return Finding("not_chattable", what, "Give the address that people open, with https:// where it has that.")
        return None

    async def _socket(self, stack: AsyncExitStack) -> Follower | Finding:
        try:
            socket = await self._connect(origin=self._url)
        except aiohttp.WSServerHandshakeError as error:
            return await self._refused_socket(error.status)
        except FAILURES as error:
            return _no_sockets(repr(error))
        stack.push_async_callback(socket.close)
        try:
            await socket.send_str('{"type":"ping"}')
            await asyncio.wait_for(socket.receive_str(), SIGN_SECONDS)
        except (*FAILURES, TypeError):
            return Finding("socket_silent", "The socket opens, but nothing comes through it.", CURES["socket"])
        return Follower("socket", _socket_frames(socket))

    async def _refused_socket(self, status: int) -> Finding:
        if status != 403:
            return _no_sockets(f"it is answered with {status}")
        try:
            await (await self._connect(origin=None)).close()
        except FAILURES:
            what = "The socket is refused, with and without the page's origin."
            return Finding("socket_refused", what, "Check that OWNER_RESOLVER knows the key of a socket's scope.")
        return Finding(
            "origin_refused",
            f"Sockets of pages from {self._url} are refused: the server does not take that for its own address.",
            "Have the proxy pass the Host header and the scheme on (SECURE_PROXY_SSL_HEADER), "
            "or add the address to CSRF_TRUSTED_ORIGINS.",
        )

    async def _connect(self, *, origin: str | None) -> aiohttp.ClientWebSocketResponse:
        address = f"{self._url}/ws/".replace("http", "ws", 1)
        return await asyncio.wait_for(self._http.ws_connect(address, origin=origin, max_msg_size=0), 10)

    async def _stream(self, stack: AsyncExitStack) -> Follower | Finding:
        request = self._http.get(f"{self._url}/api/events/", headers={"Accept": "text/event-stream"})
        try:
            async with asyncio.timeout(SIGN_SECONDS):
                answer = await stack.enter_async_context(request)
                if answer.status == 200 and answer.content_type == "text/event-stream":
                    await answer.content.readline()
                    return Follower("stream", _stream_frames(answer))
                code = (await _json(answer)).get("code")
        except TimeoutError:
            return Finding("stream_buffered", "Nothing comes of the stream /api/events/ at once.", CURES["stream"])
        except FAILURES as error:
            return Finding("no_stream", f"The stream /api/events/ breaks: {error!r}", CURES["stream"])
        if code == "events_need_asgi":
            what = "Django does not run by ASGI with `with_events`, so there are no events."
            return Finding("no_asgi", what, "Run `uvicorn mysite.asgi:application`, with `with_events` in asgi.py.")
        return Finding("no_stream", f"/api/events/ answers {answer.status}.", "Read the web server's log.")

    async def _watch(self, followers: list[Follower], *, model: str, wait: float) -> list[Finding]:
        status, chat = await self._call("POST", "/api/chats/", {"title": "Doctor", "model": model})
        if status != 201:
            return [Finding("no_chat", f"A chat cannot be made: {status} {chat}", "Read the web server's log.")]
        tasks = [asyncio.create_task(follower.follow()) for follower in followers]
        try:
            return await self._answer(followers, f"/api/chats/{chat['id']}/messages/", wait=wait)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._call("DELETE", f"/api/chats/{chat['id']}/")

    async def _answer(self, followers: list[Follower], path: str, *, wait: float) -> list[Finding]:
        status, sent = await self._call("POST", path, {"content": QUESTION})
        if status != 201:
            return [Finding("not_sent", f"A message cannot be sent: {status} {sent}", "Read the web server's log.")]
        key, deadline = str(sent["answer"]["id"]), _now() + wait
        grown: list[tuple[float, int]] = []
        answer = sent["answer"]
        while answer["status"] not in FINAL and _now() < deadline:
            await asyncio.sleep(POLL_SECONDS)
            _, answer = await self._call("GET", f"/api/messages/{key}/")
            if answer["content_length"] > (grown[-1][1] if grown else 0):
                grown.append((_now(), answer["content_length"]))
        await asyncio.sleep(LATE_SECONDS)
        if answer["status"] not in FINAL:
            await self._call("POST", f"/api/messages/{key}/stop/")
        late = [_lateness(follower, key, grown) for follower in followers]
        return [*_judge(answer, wait=wait), *(finding for finding in late if finding)]

    async def _call(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        limits = aiohttp.ClientTimeout(total=20)
        url = self._url + path
        async with self._http.request(method, url, json=body, timeout=limits, allow_redirects=False) as answer:
            return answer.status, await _json(answer)


def _judge(answer: dict[str, Any], *, wait: float) -> list[Finding]:
    if answer["status"] == "failed":
        return [provider_finding(answer["error"]["code"], f"The answer failed: {answer['error']['detail']}")]
    if answer["status"] == "queued":
        cure = "Start a worker with the same REDIS_URL, database and queue as the web server."
        return [Finding("not_taken", f"No worker took the answer within {wait:g} s.", cure)]
    if answer["status"] == "streaming":
        return [Finding("unfinished", f"The answer had no end after {wait:g} s.", "Give it longer with --wait.")]
    return []


def _lateness(follower: Follower, answer: str, grown: list[tuple[float, int]]) -> Finding | None:
    """A finding where text came much later than it could be fetched."""
    seen = [(at, follower.when(answer, length)) for at, length in grown]
    if not seen or all(then is not None and then - at < LATE_SECONDS for at, then in seen):
        return None
    what = f"Text comes by the {follower.name} late, all at once or not at all: something holds it back."
    return Finding(f"{follower.name}_held_back", what, CURES[follower.name])


def _no_sockets(why: str) -> Finding:
    cure = "Run the server by ASGI (uvicorn), and have the proxy pass the Upgrade and Connection headers on to /ws/."
    return Finding("no_sockets", f"No socket can be opened: {why}.", cure)


async def _socket_frames(socket: aiohttp.ClientWebSocketResponse) -> AsyncIterator[str]:
    async for message in socket:
        yield str(message.data)


async def _stream_frames(answer: aiohttp.ClientResponse) -> AsyncIterator[str]:
    rest = b""
    async for data in answer.content.iter_any():
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            if line.startswith(b"data: "):
                yield line.removeprefix(b"data: ").decode()


def _events(frame: str) -> list[dict[str, Any]]:
    events = json.loads(frame)
    return events if isinstance(events, list) else [events]


async def _json(answer: aiohttp.ClientResponse) -> dict[str, Any]:
    with suppress(ValueError):
        body = json.loads(await answer.read())
        if isinstance(body, dict):
            return body
    return {}


def _now() -> float:
    return asyncio.get_running_loop().time()
