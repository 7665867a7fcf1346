"""A fake OpenAI: the provider of the tests and, without an API key, of `make dev`.

    python tests/fake_openai.py --host 127.0.0.1 --port 8010 [--quick] [--api-key KEY]

It speaks `GET /v1/models` and `POST /v1/chat/completions`, streamed and plain. Models:

- `demo` writes sample markdown at a human pace, chosen by words of the question ("code", "table",
  "list", "math", "essay", "emoji", "markdown", "hello"); `demo-fast` writes the same much faster;
  `demo-reasoning` thinks first, in `reasoning_content`.
- `count-n400-r20` streams "1 2 3 … 400 " at 20 numbers a second; `r0` is as fast as possible.
- Any name given to `POST /script` (or `FakeOpenAI.script`) plays that script, byte for byte. Scripts
  of one name play in the order they came, each `times` times; a new script replaces one without
  `times`. The name `/v1/models` scripts that path.

A script is `{"model", "steps", "status": 200, "headers": {}, "times": null}`; its steps are

    {"text": "raw body text"}   {"base64": "…"}   write and flush these bytes of the body
    {"delay": 0.5}              wait so many seconds
    {"at": 0.5}                 wait until so many seconds after the start
    {"hang": true}              say nothing more until the client leaves
    {"close": true}             close the socket without ending the body
    {"reset": true}             reset the socket (TCP RST)

Status and headers go out before the first step, or with the first bytes if `late_head` is true.
After the last step the body ends properly. It is sent chunked, or plainly up to the closing of the
socket if the script's headers hold `connection: close`, or as it is if they hold `content-length`.

`GET /requests` lists the completions asked for (see `Record`), `POST /reset` forgets them and all
scripts. Messages that strict providers refuse (no role, empty content) get 400 here too.

In tests: `async with FakeOpenAI() as provider` or `with FakeOpenAI.in_thread() as provider`.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import math
import re
import signal
import socket
import struct
import sys
import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from http import HTTPStatus
from itertools import accumulate, count, pairwise
from typing import Any, Literal, Self

Step = bytes | Mapping[str, Any]
MODELS = ("demo", "demo-fast", "demo-reasoning")
COUNTING = re.compile(r"count-n(\d+)-r(\d+)")
RANGES = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
    "max_tokens": (1, math.inf),
    "max_completion_tokens": (1, math.inf),
}
TOKEN = re.compile(r"\s?\w{1,6}|\s?[^\w\s]{1,3}|\s")
HUMAN, FAST = 40, 1000  # tokens a second
SECONDS_TO_FIRST_TOKEN = 0.35


# --- bytes for scripts ----------------------------------------------------------------------------


def dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def sse(event: object) -> bytes:
    """Return the bytes of one server-sent event with this JSON as its data."""
    return b"data: " + dump(event) + b"\n\n"


def delta(**fields: object) -> bytes:
    """Return a chunk whose delta has these fields."""
    return sse({"choices": [{"index": 0, "delta": fields, "finish_reason": None}]})


def text(content: str) -> bytes:
    """Return a chunk that adds this text to the answer."""
    return delta(content=content)


def finish(reason: str = "stop") -> bytes:
    """Return the chunk that names the reason for the end."""
    return sse({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})


DONE = b"data: [DONE]\n\n"
END = finish() + DONE


def cut(data: bytes, *positions: int, delay: float = 0.001) -> list[Step]:
    """Return steps that write the data in pieces cut at these positions, `delay` seconds apart."""
    steps: list[Step] = []
    for start, stop in pairwise([0, *positions, len(data)]):
        steps += [data[start:stop], {"delay": delay}]
    return steps[:-1]


# --- what is played and what is recorded ----------------------------------------------------------


@dataclass
class Script:
    """What one model name answers: a status, headers and the steps of the body."""

    steps: Iterable[Step]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int | None = None
    late_head: bool = False

    def typed(self, content_type: str) -> Script:
        """Return the script with this type of a good answer, and JSON for an error, as its default."""
        kind = content_type if self.status == HTTPStatus.OK else "application/json"
        return replace(self, headers={"content-type": kind, **lower_case(self.headers)})


def lower_case(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@dataclass
class Record:
    """One request for a completion, and how it ended."""

    model: str
    body: dict[str, Any]
    headers: dict[str, str | bool]
    """Names in lower case; `authorization` only says whether there was one."""
    started: float
    """Unix time at which the request had been read."""
    closed: float | None = None
    """Seconds from `started` to the end of the response or of the connection; None while it runs."""
    closed_by: Literal["client", "server"] | None = None
    """Who ended it; a response that was sent in full was ended by the server."""
    sent_bytes: int = 0
    """Bytes of the response's body so far."""

    def close(self, by: Literal["client", "server"]) -> None:
        if self.closed_by is None:
            self.closed, self.closed_by = time.time() - self.started, by


class RequestError(Exception):
    """A request that gets an error in OpenAI's shape."""

    def __init__(self, status: int, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = error(message, code=code)


def error(message: str, *, code: str | None = None) -> dict[str, Any]:
    """Return an error body in OpenAI's shape."""
    kind = "invalid_request_error"
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def parse_step(step: Step) -> Step:
    """Return the step with its bytes decoded; raise ValueError if it is none."""
    if isinstance(step, bytes):
        return step
    match [*step.items()]:
        case [("text", str(data))]:
            return data.encode()
        case [("base64", str(data))]:
            return base64.b64decode(data, validate=True)
        case [("delay" | "at", int() | float())] | [("hang" | "close" | "reset", True)]:
            return step
    raise ValueError(f"This is no step: {step!r}")


def check_messages(messages: object) -> None:
    """Raise RequestError for a history that a strict provider would refuse."""
    if not isinstance(messages, list) or not messages:
        raise RequestError(400, "'messages' must be a list with at least one message.")
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or not message.get("role"):
            raise RequestError(400, f"messages[{index}] has no role.")
        if not message.get("content") and not message.get("tool_calls"):
            raise RequestError(400, f"messages[{index}] has empty content.")


def check_parameters(body: Mapping[str, Any]) -> None:
    """Raise RequestError for a number that OpenAI would refuse."""
    for name, (least, most) in RANGES.items():
        value = body.get(name)
        if value is not None and not (isinstance(value, int | float) and least <= value <= most):
            raise RequestError(400, f"Invalid value for '{name}': {value!r}.", code="invalid_value")


# --- HTTP -----------------------------------------------------------------------------------------


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    raw: bytes
    record: Record

    def json(self) -> dict[str, Any]:
        """Return the body's object; raise RequestError if it is none."""
        try:
            body = json.loads(self.raw)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise RequestError(400, "The body is no JSON object.")
        return body


async def read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
    """Return the next request; None if the client closes instead or does not speak HTTP."""
    try:
        start, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = start.split(" ")
        pairs = (line.partition(":") for line in lines if line)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        if headers.get("expect") == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        raw = await reader.readexactly(int(headers.get("content-length", 0)))
    except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
        return None
    seen = headers | {"authorization": "authorization" in headers}
    return Request(method, target.partition("?")[0], headers, raw, Record("", {}, seen, time.time()))


class Protocol(asyncio.StreamReaderProtocol):
    """A stream that tells that the client has left even while nobody reads from it."""

    def __init__(self, connect: Callable[[Connection], None]) -> None:
        reader = asyncio.StreamReader()
        super().__init__(reader, lambda reader, writer: connect(Connection(reader, writer, self.left)))
        self.left = asyncio.Event()

    def eof_received(self) -> bool | None:
        self.left.set()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self.left.set()
        super().connection_lost(exc)


@dataclass(frozen=True)
class Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    left: asyncio.Event


class Response:
    """The answer to one request, in the framing that its headers ask for."""

    def __init__(self, connection: Connection, script: Script, *, record: Record) -> None:
        self.writer = connection.writer
        self.record = record
        self.status = script.status
        self.headers = {"x-request-id": f"req_{uuid.uuid4().hex}", **lower_case(script.headers)}
        if record.headers.get("connection") == "close":
            self.headers["connection"] = "close"
        self.until_closed = self.headers.get("connection") == "close"
        self.chunked = not self.until_closed and "content-length" not in self.headers
        self.sent_head = False

    def head(self) -> None:
        if self.sent_head:
            return
        self.sent_head = True
        if self.chunked:
            self.headers["transfer-encoding"] = "chunked"
        lines = [f"HTTP/1.1 {self.status} {reason_phrase(self.status)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        self.writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))

    async def write(self, data: bytes) -> None:
        self.head()
        if data:
            self.writer.write(b"%x\r\n%s\r\n" % (len(data), data) if self.chunked else data)
            self.record.sent_bytes += len(data)
        await self.writer.drain()

    def end(self) -> None:
        self.record.close("server")
        self.head()
        if self.chunked:
            self.writer.write(b"0\r\n\r\n")
        if self.until_closed:
            self.writer.close()

    def close(self) -> None:
        self.record.close("server")
        self.writer.close()

    def reset(self) -> None:
        self.record.close("server")
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


def reason_phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


async def play(script: Script, response: Response) -> None:
    """Send the script's response, step by step, to its end."""
    if not script.late_head:
        response.head()
    started = asyncio.get_running_loop().time()
    for step in script.steps:
        await play_step(step, response, started=started)
        if response.writer.is_closing():
            return
    response.end()


async def play_step(step: Step, response: Response, *, started: float) -> None:
    match step:
        case bytes():
            await response.write(step)
        case {"delay": seconds}:
            await asyncio.sleep(seconds)
        case {"at": seconds}:
            now = asyncio.get_running_loop().time()
            await asyncio.sleep(max(0, started + seconds - now))
        case {"hang": True}:
            await asyncio.Event().wait()  # Cancelled when the client leaves.
        case {"close": True}:
            response.close()
        case {"reset": True}:
            response.reset()


# --- the server -----------------------------------------------------------------------------------


class FakeOpenAI:
    """The provider; `url` is what goes into OPENAI_BASE_URL while it runs.

    `script`, `reset`, `requests`, `wait_for` may be called from any thread. `port=0` takes a free
    port; `quick` lets every demo model write fast; with `api_key` other bearer tokens get 401.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        *,
        port: int = 0,
        quick: bool = False,
        api_key: str | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self.quick = quick
        self.api_key = api_key
        self._lock = threading.Lock()
        self._scripts: dict[str, list[Script]] = {}
        self._records: list[Record] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._answers = count()
        self._server: asyncio.Server | None = None
        self._routes: dict[tuple[str, str], Callable[[Request], Script]] = {
            ("GET", "/v1/models"): self._list_models,
            ("POST", "/v1/chat/completions"): self._complete,
            ("GET", "/requests"): lambda request: as_json([asdict(record) for record in self.requests]),
            ("POST", "/script"): self._register,
            ("POST", "/reset"): self._forget,
        }

    @property
    def url(self) -> str:
        """The base URL, as the openai SDK wants it."""
        return f"http://{self.host}:{self.port}/v1"

    @property
    def requests(self) -> list[Record]:
        """Every completion asked for since the start or the last reset, oldest first."""
        with self._lock:
            return [*self._records]

    def script(
        self,
        model: str,
        steps: Iterable[Step] = (),
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        times: int | None = None,
        late_head: bool = False,
    ) -> None:
        """Let `model` play these steps; bytes among them are written as they are."""
        if times is not None and times < 1:
            raise ValueError("times must be at least 1, or None for ever")
        script = Script([parse_step(step) for step in steps], status, headers or {}, times, late_head)
        with self._lock:
            counted = [earlier for earlier in self._scripts.get(model, []) if earlier.times]
            self._scripts[model] = [*counted, script]

    def reset(self) -> None:
        """Forget all scripts and records, and begin the demo's variations anew."""
        with self._lock:
            self._scripts.clear()
            self._records.clear()
            self._answers = count()

    def wait_for(self, condition: Callable[[], object], *, timeout: float = 5) -> None:
        """Block until the condition holds; raise TimeoutError after so many seconds."""
        with suppress(RuntimeError):
            asyncio.get_running_loop()
            raise AssertionError("wait_for blocks: in a coroutine, await until().")
        for _ in polls(condition, self, timeout=timeout):
            time.sleep(0.005)

    async def until(self, condition: Callable[[], object], *, timeout: float = 5) -> None:  # noqa: ASYNC109
        """Return when the condition holds; raise TimeoutError after so many seconds."""
        for _ in polls(condition, self, timeout=timeout):
            await asyncio.sleep(0.005)

    async def start(self) -> None:
        """Listen; afterwards `port` is the real one. Raises OSError if it is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Protocol(self._connect), self.host, self.port, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and every connection at once."""
        if self._server:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    @classmethod
    @contextmanager
    def in_thread(cls, *, quick: bool = False, api_key: str | None = None) -> Iterator[Self]:
        """Run a provider on a loop of its own thread, for tests that are not coroutines."""
        provider = cls(quick=quick, api_key=api_key)
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name="fake_openai", daemon=True)
        thread.start()
        try:
            asyncio.run_coroutine_threadsafe(provider.start(), loop).result()
            yield provider
        finally:
            asyncio.run_coroutine_threadsafe(provider.stop(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    def _connect(self, connection: Connection) -> None:
        task = asyncio.create_task(self._serve(connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, connection: Connection) -> None:
        try:
            while not connection.writer.is_closing():
                request = await read_request(connection.reader, connection.writer)
                if not request:
                    break
                await respond(self._answer(request), connection, record=request.record)
        except ConnectionError:
            pass  # The client has gone.
        except asyncio.CancelledError:
            connection.writer.transport.abort()
            raise
        finally:
            connection.writer.close()

    def _answer(self, request: Request) -> Script:
        try:
            handler = self._routes.get((request.method, request.path))
            if not handler:
                raise RequestError(404, f"Unknown request: {request.method} {request.path}")
            return handler(request)
        except RequestError as refusal:
            return as_json(refusal.body, status=refusal.status)

    def _authenticate(self, request: Request) -> None:
        given = request.headers.get("authorization")
        if self.api_key and given != f"Bearer {self.api_key}":
            raise RequestError(401, "Incorrect API key provided.", code="invalid_api_key")

    def _complete(self, request: Request) -> Script:
        record = request.record
        with self._lock:
            self._records.append(record)
        record.body = body = request.json()
        record.model = model = str(body.get("model", ""))
        self._authenticate(request)
        check_messages(body.get("messages"))
        check_parameters(body)
        script = self._next_script(model)
        if script:
            return script.typed("text/event-stream" if body.get("stream") else "application/json")
        answer = self._write_answer(model, body)
        return answer.streamed() if body.get("stream") else answer.plain()

    def _next_script(self, model: str) -> Script | None:
        with self._lock:
            scripts = self._scripts.get(model)
            if not scripts:
                return None
            script = scripts[0]
            if script.times is not None:
                script.times -= 1
                if not script.times:
                    scripts.pop(0)
            return script

    def _write_answer(self, model: str, body: dict[str, Any]) -> Answer:
        counting = COUNTING.fullmatch(model)
        if counting:
            numbers, rate = int(counting[1]), int(counting[2])
            return Answer(body, [f"{n} " for n in range(1, numbers + 1)], rate=rate, steady=True)
        if model not in MODELS:
            message = f"The model `{model}` does not exist or you do not have access to it."
            raise RequestError(404, message, code="model_not_found")
        question = last_question(body["messages"])
        fast = self.quick or model == "demo-fast"
        return Answer(
            body,
            TOKEN.findall(demo_answer(question, turn=next(self._answers))),
            reasoning=TOKEN.findall(demo_reasoning(question)) if model == "demo-reasoning" else [],
            rate=FAST if fast else HUMAN,
            wait=0 if fast else SECONDS_TO_FIRST_TOKEN,
        )

    def _list_models(self, request: Request) -> Script:
        self._authenticate(request)
        script = self._next_script(request.path)
        if script:
            return script.typed("application/json")
        entry = {"object": "model", "created": 1_750_000_000, "owned_by": "fake_openai"}
        return as_json({"object": "list", "data": [{"id": model, **entry} for model in MODELS]})

    def _register(self, request: Request) -> Script:
        body = request.json()
        try:
            self.script(body.pop("model"), body.pop("steps", ()), **body)
        except (KeyError, TypeError, ValueError, AttributeError) as reason:
            raise RequestError(400, f"Bad script: {reason!r}") from reason
        return as_json({"ok": True})

    def _forget(self, request: Request) -> Script:
        self.reset()
        return as_json({"ok": True})


async def respond(script: Script, connection: Connection, *, record: Record) -> None:
    """Play the script until its end or until the client leaves, and note which came first."""
    playing = asyncio.create_task(play(script, Response(connection, script, record=record)))
    leaving = asyncio.create_task(connection.left.wait())
    try:
        await asyncio.wait({playing, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        record.close("client" if connection.left.is_set() else "server")
        leaving.cancel()
        playing.cancel()
    if playing.done():
        playing.result()
    else:
        connection.writer.close()


def as_json(value: object, *, status: int = 200) -> Script:
    data = dump(value)
    headers = {"content-type": "application/json", "content-length": str(len(data))}
    return Script([data], status, headers)


def polls(condition: Callable[[], object], provider: FakeOpenAI, *, timeout: float) -> Iterator[None]:
    """Yield until the condition holds; raise TimeoutError with the records when it never did."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Not within {timeout} s. Requests: {provider.requests}")
        yield


# --- answers --------------------------------------------------------------------------------------


class Answer:
    """A completion in OpenAI's shapes: as the script of a stream, or as one object."""

    def __init__(
        self,
        request: Mapping[str, Any],
        tokens: Sequence[str],
        *,
        reasoning: Sequence[str] = (),
        rate: float,
        wait: float = 0,
        steady: bool = False,
    ) -> None:
        limit = request.get("max_completion_tokens") or request.get("max_tokens")
        self.reasoning = reasoning[:limit]
        self.tokens = tokens[: limit and max(0, limit - len(reasoning))]
        self.finish_reason = "length" if limit and len(reasoning) + len(tokens) > limit else "stop"
        self.prompt_tokens = sum(len(TOKEN.findall(words(m))) for m in request["messages"])
        self.with_usage = bool((request.get("stream_options") or {}).get("include_usage"))
        self.rate, self.wait, self.steady = rate, wait, steady
        self.base = {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "created": int(time.time()),
            "model": request["model"],
            "service_tier": "default",
            "system_fingerprint": "fp_fake_openai",
        }

    def streamed(self) -> Script:
        headers = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
        return Script(self._steps(), headers=headers)

    def plain(self) -> Script:
        message = {"role": "assistant", "content": "".join(self.tokens), "refusal": None}
        if self.reasoning:
            message["reasoning_content"] = "".join(self.reasoning)
        choice = {"index": 0, "message": message, "logprobs": None}
        choices = [choice | {"finish_reason": self.finish_reason}]
        whole = {"object": "chat.completion", "choices": choices, "usage": self._usage()}
        return as_json(self.base | whole)

    def _steps(self) -> Iterator[Step]:
        yield self._chunk({"role": "assistant", "content": "", "refusal": None})
        deltas = [{"reasoning_content": token} for token in self.reasoning]
        deltas += [{"content": token} for token in self.tokens]
        for at, fields in zip(self._times(), deltas, strict=False):
            yield {"at": at}
            yield self._chunk(fields)
        yield self._chunk({}, finish_reason=self.finish_reason)
        if self.with_usage:
            yield sse(self._event([], usage=self._usage()))
        yield DONE

    def _times(self) -> Iterator[float]:
        """Yield when each token is due, in seconds: evenly, or with the unevenness of a model."""
        if not self.rate:
            return iter(lambda: 0.0, None)
        sway = 0 if self.steady else 0.6
        gaps = ((1 + sway * math.sin(2.4 * k)) / self.rate for k in count())
        return accumulate(gaps, initial=self.wait)

    def _chunk(self, fields: object, *, finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": fields, "logprobs": None, "finish_reason": finish_reason}
        return sse(self._event([choice], usage=None))

    def _event(self, choices: list[dict[str, Any]], *, usage: object) -> dict[str, Any]:
        event = {**self.base, "object": "chat.completion.chunk", "choices": choices}
        return event | {"usage": usage} if self.with_usage else event

    def _usage(self) -> dict[str, Any]:
        written = len(self.reasoning) + len(self.tokens)
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": written,
            "total_tokens": self.prompt_tokens + written,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": len(self.reasoning)},
        }


def words(message: Mapping[str, Any]) -> str:
    """Return the text of a message, also of one whose content is a list of parts."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return " ".join(str(part.get("text", "")) for part in content if isinstance(part, dict))


def last_question(messages: Sequence[Mapping[str, Any]]) -> str:
    return next((words(m) for m in reversed(messages) if m["role"] == "user"), "")


def phrase(question: str) -> str:
    """Return the first words of the question, without anything that markdown would read."""
    plain = re.sub(r"[^\w\s.,?!'\u2019:-]", "", question.replace("_", " ")).split()
    return (" ".join(plain[:9]) + (" …" if len(plain) > 9 else "")).strip(" .") or "nothing at all"


def demo_answer(question: str, *, turn: int) -> str:
    """Return sample markdown that fits the question; the turn makes a second try differ."""
    asked = set(re.findall(r"\w+", question.lower()))
    topics = (answers for keys, answers in ANSWERS if asked & set(keys.split()))
    answers = next(topics, (LIST, ESSAY, TABLE) if question.isascii() else (WORLD,))
    opening = OPENINGS[turn % len(OPENINGS)] if answers is not GREETINGS else ""
    answer = opening + answers[turn % len(answers)].strip()
    return answer.replace("{topic}", phrase(question))


def demo_reasoning(question: str) -> str:
    return REASONING.strip().replace("{topic}", phrase(question))


OPENINGS = ("You asked: “{topic}”. ", "On “{topic}”: ", "Gladly. “{topic}”, then. ")

REASONING = """
The user wrote “{topic}”. What would help most?

1. Say what I understood, so that a misunderstanding shows at once.
2. Give one concrete example rather than three vague ones.
3. End with a way to go on.

A short introduction, the substance, and a closing question should do.
"""

GREETINGS = (
    """
Hello! I am the **built-in demo**: no API key is set, so I answer with samples. Ask me for some Python \
*code*, a comparison *table*, a nested *list*, a little *math* or an *essay*, or ask *who are you*.
""",
    """
Hi there! 👋 Good to see you. I am only the demo, but a diligent one: try “a **table** of …”, “**code** \
that …”, “the **math** of …”, or press *Stop* while I am still writing.
""",
)

ABOUT = """
I am the demo that comes with this project. I understand a handful of words and answer with samples, so \
that you can try sending, streaming, stopping and reloading **without an API key**.

To talk to a real model, put this into the file `.env` in the repository's root and start again:

```ini
OPENAI_API_KEY=your-key
# Only for providers other than OpenAI, for instance a local Ollama:
OPENAI_BASE_URL=http://127.0.0.1:11434/v1
```

Anything that speaks OpenAI's chat completions will do: OpenAI itself, Ollama, vLLM, llama.cpp and most \
gateways.
"""

CODE_COUNT = """
Here is a small, complete Python program that counts words and prints the most frequent ones:

```python
import re
from collections import Counter


def top_words(text: str, *, limit: int = 5) -> list[tuple[str, int]]:
    \"\"\"Return the most frequent words, most frequent first.\"\"\"
    words = re.findall(r"[^\\W\\d_]+", text.casefold())
    return Counter(words).most_common(limit)


if __name__ == "__main__":
    sample = "The sea, the sky, the boat: the sky was grey and the boat was late."
    for word, times in top_words(sample):
        print(f"{word:<8} {'█' * times} {times}")
```

How it works:

- `casefold()` makes *The* and *the* one word, and it does so for more languages than `lower()`.
- The pattern `[^\\W\\d_]+` means “letters only, of any alphabet”, so *naïve* and *日本語* count as words.
- `Counter.most_common` sorts for you and keeps ties in the order in which they appeared.

Run it with `python top_words.py`. For a large file, feed the counter line by line with `Counter.update` \
instead of reading everything at once.
"""

CODE_RETRY = """
A function that is often needed and often written wrongly: trying again, with a growing and *random* \
pause, and giving up in the end.

```python
import random
import time
from collections.abc import Callable


def retry[T](action: Callable[[], T], *, attempts: int = 4, base: float = 0.2) -> T:
    \"\"\"Return what the action returns; raise its last error after so many attempts.\"\"\"
    for attempt in range(attempts):
        try:
            return action()
        except OSError:
            if attempt == attempts - 1:
                raise
            time.sleep(random.uniform(0, base * 2**attempt))
    raise ValueError("attempts must be at least 1")
```

Three choices are worth a remark:

1. **Only `OSError` is caught.** A `TypeError` is a bug, and trying again does not mend bugs.
2. **The pause is random between zero and a doubling limit.** A thousand clients that failed together would
   otherwise come back together.
3. **The last error is raised as it is**, with its traceback, so that nobody has to guess.

```console
$ python -c "from retry import retry; print(retry(lambda: open('/etc/hostname').read()))"
```
"""

TABLE = """
Tables are good at comparing, so here are three ways to bring live data into a page:

| | Polling | Server-sent events | WebSocket |
|:--|:-:|:-:|:-:|
| Direction | page asks | server → page | both ways |
| Delay | up to the interval | almost none | almost none |
| Built-in reconnect | not needed | yes | no |
| Cost of 1,000 idle users | many requests | 1,000 connections | 1,000 connections |
| Through old proxies | always | mostly | mostly |
| Best for | rare changes | feeds, one answer | chats, games, editing |

**In short:** poll when a minute's delay is fine; use server-sent events when only the server has \
something to say; take a WebSocket when many small messages go both ways, and be ready to write the \
reconnecting yourself.
"""

LIST = """
Here is a plan that fits most undertakings; cross out what does not apply.

1. **Find out what is really wanted**
   - Write the goal in one sentence.
   - Name what does *not* belong to it.
     - “Later” is a fine answer.
     - “Never” is often a better one.
2. **Do the riskiest part first**
   - Build the smallest thing that could fail.
   - Measure before you change anything:
     1. note the figure,
     2. change one thing,
     3. note the figure again.
3. **Make it easy to go on**
   - [x] one command to start
   - [x] one command to test
   - [ ] one page that explains the rest
4. **Show it to somebody**
   - Watch, do not explain.
   - What they ask first is what is missing.

> If you have time for a single point only, take the second: most of what surprises us is found there.
"""

MATH = """
A classic with a surprising answer is the area under the bell curve, $I = \\int_{-\\infty}^{\\infty} \
e^{-x^2}\\,dx$. There is no elementary antiderivative, but the *square* of the integral is easy:

$$
I^2 = \\int_{-\\infty}^{\\infty}\\!\\int_{-\\infty}^{\\infty} e^{-(x^2+y^2)}\\,dx\\,dy
    = \\int_0^{2\\pi}\\!\\int_0^{\\infty} e^{-r^2}\\, r\\,dr\\,d\\varphi
    = 2\\pi \\cdot \\left[-\\tfrac12 e^{-r^2}\\right]_0^{\\infty} = \\pi .
$$

The step from $x, y$ to polar coordinates brings in the factor $r$, and that factor is all that was \
missing. Therefore

$$
\\int_{-\\infty}^{\\infty} e^{-x^2}\\,dx = \\sqrt{\\pi} \\approx 1.7725 .
$$

By the same token $ax^2 + bx + c = 0$ with $a \\neq 0$ is solved by completing the square:

$$
x_{1,2} = \\frac{-b \\pm \\sqrt{b^2 - 4ac}}{2a}
$$

Both proofs share one idea: **change the form until the hard part cancels**. (This costs $0 and some \
patience.)
"""

WORLD = """
The same friendly sentence in a few writing systems:

| Language | Sentence | Written |
|:--|:--|:--|
| English | Good morning, how are you? | left to right |
| Français | Bonjour, comment ça va ? | left to right |
| Ελληνικά | Καλημέρα, τι κάνεις; | left to right |
| Русский | Доброе утро, как дела? | left to right |
| العربية | صباح الخير، كيف حالك؟ | right to left |
| עברית | בוקר טוב, מה שלומך? | right to left |
| हिन्दी | सुप्रभात, आप कैसे हैं? | left to right |
| 日本語 | おはようございます。お元気ですか。 | left to right |
| 한국어 | 좋은 아침이에요, 잘 지내세요? | left to right |

And some emoji that are longer than they look: 👩‍👩‍👧 is *five* code points, 🇯🇵 is two, 👍🏽 is two, and 🦀 \
is one. A program that cuts text in the wrong place shows it here first.
"""

ESSAY = """
I cannot look things up, so let me offer an essay on something I do know.

## Why an answer that streams feels faster

Two answers arrive. The first is complete after eight seconds of silence. The second begins after half a \
second and is complete after ten. By the clock the first one wins; ask people, and nearly all of them \
prefer the second. The clock measures the *end*, and people measure the *wait*.

### Waiting is not one thing

There is the wait in which nothing happens, and there is the wait in which something visibly does. The \
first is long from the very start, because it holds a question: *is it working at all?* Every second \
makes a bad answer to that question more likely. The second kind holds no such question. Words appear, \
and while they do, the reader is no longer waiting but reading. A person reads about four words a second; \
a model writes faster than that. From the first word on, the reader is the slower of the two.

### What it asks of a program

Streaming is easy to show and hard to get right, for it gives up the comfort of a single moment. An \
answer that arrives whole either exists or does not. An answer that streams is, for most of its life, \
*unfinished*, and each of these questions needs a plain reply:

- What does a reader see who opens the page in the middle?
- What is kept when the connection breaks, and who notices?
- How does one say “enough”, and how soon does the writing stop?
- Which of two tabs is right?

The reply is the same each time: **one place holds the truth**, and all others merely follow it. A page \
that has lost its way must be able to ask for everything so far, and then go on as if nothing had \
happened.

### The price

It is honest to name the costs. Half a sentence may promise what its second half takes back. A table of \
which only two rows have come looks like a mistake. And a moving text tempts the page to move as well, \
though the reader has scrolled up to read something in peace. None of this is an argument against \
streaming; all of it is an argument for doing it with care.

So the secret is not speed. It is respect: show early, keep what was shown, stop when asked, and never \
make someone wonder whether anybody is there.
"""

TOUR = """
Here is a little of everything that markdown can do.

# A heading of the first level
## One of the second
### And one of the third

Text can be **strong**, *emphasised*, ***both***, ~~struck out~~ or `code`. A \
[link](https://commonmark.org/help/)
leads elsewhere, and a line may end \\
right here, on purpose.

> A quotation may hold several lines,
>
> > and even another quotation.

1. First
2. Second
   - with a detail
   - and another one
     - [x] done
     - [ ] still to do
3. Third

| Left | Centre | Right |
|:-----|:------:|------:|
| a    |   b    |     1 |
| `x`  | **y**  | 2,000 |

```typescript
type Shape = { kind: "circle"; radius: number } | { kind: "square"; side: number };

export const area = (shape: Shape): number =>
  shape.kind === "circle" ? Math.PI * shape.radius ** 2 : shape.side ** 2;
```

```sql
SELECT title, count(*) AS answers FROM message JOIN chat USING (chat_id) GROUP BY title ORDER BY answers DESC;
```

```diff
- The answer arrives at the end.
+ The answer arrives as it is written.
```

Mathematics inline, $e^{i\\pi} + 1 = 0$, and on a line of its own:

$$
\\sum_{k=1}^{n} k = \\frac{n(n+1)}{2}
$$

---

That was all. 🎉
"""

ANSWERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("markdown everything showcase tour formatting", (TOUR,)),
    ("who yourself provider configure env ollama vllm chattable setup demo", (ABOUT,)),
    ("python code function program script class bug regex algorithm sort", (CODE_COUNT, CODE_RETRY)),
    ("math maths mathematics integral equation formula prove proof quadratic calculate", (MATH,)),
    ("table compare comparison versus vs difference differences better", (TABLE,)),
    ("emoji emojis unicode language languages translate japanese arabic", (WORLD,)),
    ("list plan steps step checklist ideas recipe todo guide", (LIST,)),
    ("essay explain why history story long text write tell", (ESSAY,)),
    ("hi hello hey moin hallo bonjour thanks thank morning evening test", GREETINGS),
)


# --- the command ----------------------------------------------------------------------------------


@asynccontextmanager
async def stopped_by_signals() -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    yield stop


async def run(provider: FakeOpenAI) -> None:
    async with stopped_by_signals() as stop, provider:
        print(f"fake_openai on {provider.url}", flush=True)
        await stop.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="A fake OpenAI for tests and for the demo.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8010, help="0 takes a free one")
    parser.add_argument("--quick", action="store_true", help="every demo model writes fast")
    parser.add_argument("--api-key", help="refuse other bearer tokens with 401")
    options = parser.parse_args()
    try:
        asyncio.run(run(FakeOpenAI(**vars(options))))
    except OSError as reason:
        sys.exit(f"fake_openai: {reason}")


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
