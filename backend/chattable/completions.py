"""The provider's side: a streamed completion as chunks, every fault as `AnswerFailed`; only this file knows openai."""

import asyncio
import json
import logging
import os
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import httpx2
import openai
import orjson
from openai import AsyncOpenAI, AsyncStream, DefaultAioHttpClient

from chattable.conf import settings
from chattable.exceptions import AnswerFailed

logger = logging.getLogger(__name__)

# An event larger than this is no chat completion; reading on would only fill the memory.
MAX_EVENT_BYTES = 16 * 2**20

# A longer wait for another request leaves its worker to other answers.
SHORT_SECONDS = 2.0

# What the parameters of a chat cannot change.
OURS = frozenset({"model", "messages", "stream", "stream_options"})

FINISH_REASONS = frozenset({"stop", "length", "content_filter", "tool_calls", "function_call"})

# The code of an error inside a stream, as ours.
REPORTED = {
    "401": "provider_auth",
    "403": "provider_auth",
    "invalid_api_key": "provider_auth",
    "404": "model_not_found",
    "model_not_found": "model_not_found",
    "429": "rate_limited",
    "rate_limit_exceeded": "rate_limited",
}

type Payload = dict[str, Any]


@dataclass(slots=True)
class Chunk:
    """What one network read brought; texts are increments, the rest is the latest known value."""

    content: str = ""
    reasoning: str = ""
    tool_calls: bool = False
    finish_reason: str = ""
    usage: Payload | None = None
    request_id: str = ""
    requests: int = 0


class RetryLater(Exception):
    """The provider will take another request in so many `seconds`, which is not waited for here."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The provider asks to wait {seconds:.1f} s.")
        self.seconds = seconds


class Provider:
    """An OpenAI-compatible endpoint as `CHATTABLE` or the environment names it; belongs to one event loop."""

    def __init__(self) -> None:
        self._client: AsyncOpenAI | None = None

    @property
    def client(self) -> AsyncOpenAI:
        """The SDK's client; raises `AnswerFailed("provider_auth")` where no key is set."""
        if self._client is None:
            self._client = _connect()
            # Loaded on first use, which takes a second: better now than while somebody waits.
            _ = self._client.chat.completions
        return self._client

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def models(self) -> list[str]:
        """The ids of the provider's models, sorted; raises `AnswerFailed`."""
        try:
            async with asyncio.timeout(10):
                response = await self.client.models.with_raw_response.list()
        except (openai.OpenAIError, TimeoutError) as error:
            raise _failure(error) from error
        models = _parse(response.content).get("data")
        if not isinstance(models, list):
            raise AnswerFailed("provider_error", "The provider gave no list of its models.")
        return sorted(str(model["id"]) for model in models if isinstance(model, dict) and model.get("id"))

    async def stream(
        self, *, model: str, messages: Sequence[Payload], parameters: Mapping[str, Any], requests: int = 0
    ) -> AsyncGenerator[Chunk]:
        """Yield the chunks of one answer until its proper end; raises `AnswerFailed` for any other end.

        `requests` is how many were sent for it before. Raises `RetryLater` where the provider names a wait.
        """
        deadline = _now() + settings.FIRST_TOKEN_SECONDS
        while True:
            requests += 1
            yield Chunk(requests=requests)
            try:
                response = await self._request(deadline, model=model, messages=messages, parameters=parameters)
                break
            except (openai.OpenAIError, TimeoutError) as error:
                failure = _failure(error)
                if requests >= settings.MAX_REQUESTS or not _may_pass(error, failure):
                    raise failure from error
                await _back_off(failure, requests=requests)
        try:
            yield Chunk(request_id=response.headers.get("x-request-id", "")[:200])
            async with aclosing(_chunks(response, deadline=deadline)) as chunks:
                async for chunk in chunks:
                    yield chunk
        finally:
            await response.aclose()

    async def _request(self, deadline: float, *, parameters: Mapping[str, Any], **request: Any) -> Any:
        body = {name: value for name, value in parameters.items() if name not in OURS}
        body |= {**request, "stream": True, "stream_options": {"include_usage": True}}
        async with asyncio.timeout_at(deadline):
            # Past the SDK's typed method, which spends three times as long on types that are known here.
            response: Any = await self.client.post(
                "/chat/completions", body=body, cast_to=httpx2.Response, stream=True, stream_cls=AsyncStream[Any]
            )
        return response


async def _chunks(response: Any, *, deadline: float) -> AsyncGenerator[Chunk]:
    """A chunk for each network read; raises `AnswerFailed` after the text that came before the fault."""
    reader = Reader()
    try:
        async with asyncio.timeout_at(deadline) as limit:
            async for data in _bytes(response):
                chunk = reader.feed(data)
                if seconds := reader.patience(chunk):
                    _allow(limit, seconds)
                yield chunk
                if reader.has_ended:
                    reader.check()
                    return
    except (httpx2.HTTPError, OSError) as error:
        reader.fail(_failure(error, incomplete=True))
    yield reader.end()
    reader.check()


def _bytes(response: Any) -> AsyncIterator[bytes]:
    """The body as it comes; past the steps that unpack it, of which each costs every token, where it is not packed."""
    packed = "content-encoding" in response.headers
    return response.aiter_bytes() if packed else aiter(response.stream)


def _allow(limit: asyncio.Timeout, seconds: float) -> None:
    """Let so many seconds pass from now on; not set anew for each token, which took a twentieth of the work."""
    later = _now() + seconds - (limit.when() or 0.0)
    if not 0 <= later < seconds / 16:
        limit.reschedule(_now() + seconds)


def _connect() -> AsyncOpenAI:
    base_url = settings.BASE_URL or os.environ.get("OPENAI_BASE_URL") or None
    api_key = settings.API_KEY or os.environ.get("OPENAI_API_KEY") or ("none" if base_url else None)
    if api_key is None:
        raise AnswerFailed("provider_auth", "Set OPENAI_API_KEY (or OPENAI_BASE_URL for a local provider).")
    return AsyncOpenAI(
        api_key=api_key,
        base_url=base_url,
        max_retries=0,
        timeout=httpx2.Timeout(None, connect=10.0),
        http_client=DefaultAioHttpClient(),
    )


class Event(NamedTuple):
    """A server-sent event."""

    name: bytes
    data: bytes


class Reader:
    """Turns the bytes of one streamed response into chunks and knows whether its proper end has come."""

    def __init__(self) -> None:
        self._decoder = EventDecoder()
        self._content = Halves()
        self._reasoning = Halves()
        self._finished = False
        self._done = False
        self._failure: AnswerFailed | None = None

    @property
    def has_ended(self) -> bool:
        """Whether nothing that follows counts."""
        return self._done or self._failure is not None

    def feed(self, data: bytes) -> Chunk:
        """What these bytes bring."""
        return self._chunk(self._decoder.feed(data))

    def end(self) -> Chunk:
        """What was left when the stream ended."""
        return self._chunk(self._decoder.end())

    def fail(self, failure: AnswerFailed) -> None:
        """The stream broke."""
        self._failure = self._failure or failure

    def check(self) -> None:
        """Raise `AnswerFailed` where the answer is not whole; after the finish reason it is, whatever followed."""
        if not self._finished:
            raise self._failure or AnswerFailed("provider_incomplete", "The stream ended without a finish reason.")

    def patience(self, chunk: Chunk) -> float:
        """The seconds that may pass until the next chunk, or 0 where this one brought nothing that counts."""
        if chunk.finish_reason:
            return float(settings.END_SECONDS)
        if chunk.content or chunk.reasoning or chunk.tool_calls:
            return float(settings.IDLE_SECONDS)
        return 0.0

    def _chunk(self, events: Iterable[Event]) -> Chunk:
        chunk = Chunk()
        try:
            for event in events:
                if event.data == b"[DONE]":
                    self._done = self._finished = True
                    break
                _apply(event, chunk)
        except AnswerFailed as failure:
            self.fail(failure)
        chunk.content = self._content.join(chunk.content)
        chunk.reasoning = self._reasoning.join(chunk.reasoning)
        self._finished = self._finished or bool(chunk.finish_reason)
        return chunk


class Halves:
    """Joins characters that a provider has cut in two: JSON's escapes hold halves of those beyond U+FFFF."""

    def __init__(self) -> None:
        self._half = ""

    def join(self, text: str) -> str:
        """The text after what was kept back of the last one, without a half character at its end."""
        if text.isascii() and not self._half:
            return text
        text = self._half + text
        self._half = text[-1] if "\ud800" <= text[-1:] <= "\udbff" else ""
        return text.removesuffix(self._half)


class EventDecoder:
    """Server-sent events from bytes that may be cut anywhere: every legal line end, comments and fields skipped."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._name = b""
        self._data: list[bytes] = []
        self._size = 0
        self._ended_with_cr = False
        self._is_plain = False

    def feed(self, data: bytes) -> Iterator[Event]:
        """Yield the events that these bytes complete; raises `AnswerFailed` for one that is too large."""
        if self._ended_with_cr:
            data = data.removeprefix(b"\n")
        self._ended_with_cr = data.endswith(b"\r")
        if cut := max(data.rfind(b"\n"), data.rfind(b"\r")) + 1:
            lines = bytes(self._line + data[:cut]).splitlines()
            self._line.clear()
            for line in lines:
                if event := self._take(line):
                    yield event
        self._line += data[cut:]
        if self._size + len(self._line) > MAX_EVENT_BYTES:
            raise AnswerFailed("provider_error", f"An event is larger than {MAX_EVENT_BYTES} bytes.")

    def end(self) -> Iterator[Event]:
        """Yield what is left when the stream ends without the last blank line."""
        last, self._is_plain = self._take(bytes(self._line)), False
        for event in (last, self._take(b"")):
            if event:
                yield event

    def _take(self, line: bytes) -> Event | None:
        """Read the line; the event that it ends, if it does."""
        line = line.removeprefix(b"\xef\xbb\xbf")
        # A gateway may answer with JSON instead of events, on one line or on many.
        self._is_plain = self._is_plain or line.startswith(b"{")
        if self._is_plain:
            self._add(line)
        elif line.startswith(b"data:"):
            self._add(line[5:])
        elif line.startswith(b"event:"):
            self._name = line[6:].strip()
        elif not line:
            event = Event(self._name, b"\n".join(self._data).strip())
            self._name, self._data, self._size = b"", [], 0
            return event if event.data else None
        return None

    def _add(self, data: bytes) -> None:
        self._data.append(data.removeprefix(b" "))
        self._size += len(data) + 1


def _parse(data: bytes) -> Payload:
    """The JSON object; what is no JSON at all is skipped, a broken object ends the answer."""
    try:
        payload = orjson.loads(data)
    except orjson.JSONDecodeError:
        payload = _parse_leniently(data)
    return payload if isinstance(payload, dict) else {}


def _parse_leniently(data: bytes) -> Any:
    """The JSON value, although it holds NaN, half characters, bare control characters or broken UTF-8."""
    try:
        return json.loads(data.decode(errors="replace"), strict=False)
    except (ValueError, RecursionError) as error:
        if data.startswith(b"{"):
            raise AnswerFailed("provider_incomplete", f"An event is broken: {error}") from error
        logger.warning("Skipped an event that is no JSON: %.100r", data)
        return None


def _apply(event: Event, chunk: Chunk) -> None:
    """Add what the event says to the chunk; raises `AnswerFailed` for an error inside the stream."""
    payload = _parse(event.data)
    if event.name == b"error" or payload.get("error") or payload.get("object") == "error":
        raise _reported(payload.get("error") or payload or event.data.decode(errors="replace"))
    if isinstance(usage := payload.get("usage"), dict):
        chunk.usage = usage
    choices = payload.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict) and not choice.get("index"):
            _apply_choice(choice, chunk)


def _apply_choice(choice: Payload, chunk: Chunk) -> None:
    delta = choice.get("delta") or choice.get("message")
    if isinstance(delta, dict):
        chunk.content += _text(delta.get("content")) + _text(delta.get("refusal"))
        chunk.reasoning += _text(delta.get("reasoning_content") or delta.get("reasoning"))
        chunk.tool_calls = chunk.tool_calls or bool(delta.get("tool_calls") or delta.get("function_call"))
    if reason := str(choice.get("finish_reason") or ""):
        chunk.finish_reason = _known(reason)


def _known(reason: str) -> str:
    if reason == "error":
        raise AnswerFailed("provider_error", "The finish reason is an error.")
    if reason not in FINISH_REASONS:
        logger.warning("An answer finished for an unknown reason: %.100r", reason)
    return reason[:40]


def _text(value: Any) -> str:
    """A text field, which some providers send as null or as a list of parts."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(_text(part.get("text")) for part in value if isinstance(part, dict))
    return ""


def _reported(error: Any) -> AnswerFailed:
    """The failure that a provider reports inside a stream whose status was 200."""
    body = error if isinstance(error, dict) else {"message": error}
    code = REPORTED.get(str(body.get("code")), "provider_error")
    message = str(body.get("message") or error).encode(errors="replace").decode()
    return AnswerFailed(code, message[:1000])


def _failure(error: Exception, *, incomplete: bool = False) -> AnswerFailed:
    """Any error of the SDK or of the network as ours; `incomplete` where the response had begun."""
    if isinstance(error, TimeoutError):
        return AnswerFailed("provider_timeout", "The provider sent nothing of the answer in time.")
    cause: BaseException = error
    # The SDK's transport calls every lost connection a timeout; what really happened is at the bottom.
    while cause.__cause__:
        cause = cause.__cause__
    code = _code(error, incomplete=incomplete)
    cure = "The API key is refused; set OPENAI_API_KEY or CHATTABLE['API_KEY']. " if code == "provider_auth" else ""
    busy = error.response if isinstance(error, openai.RateLimitError | openai.InternalServerError) else None
    wait = _retry_after(busy.headers.get("retry-after", "")) if busy is not None else 0.0
    return AnswerFailed(code, f"{cure}{type(cause).__name__}: {cause}"[:1000], retry_after=wait)


def _code(error: Exception, *, incomplete: bool) -> str:
    match error:
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            return "provider_auth"
        case openai.NotFoundError():
            return "model_not_found"
        case openai.RateLimitError():
            return "rate_limited"
        case openai.InternalServerError():
            return "provider_error"
        case openai.APIStatusError():
            return "provider_rejected"
    return "provider_incomplete" if incomplete else "provider_unavailable"


def _may_pass(error: Exception, failure: AnswerFailed) -> bool:
    """Whether another request could help, after a wait that is not too long."""
    passing = openai.RateLimitError | openai.InternalServerError | openai.APIConnectionError
    return isinstance(error, passing) and failure.retry_after <= settings.RETRY_AFTER_SECONDS


async def _back_off(failure: AnswerFailed, *, requests: int) -> None:
    """Wait a moment before the next request; raises `RetryLater` where the provider has named a longer wait."""
    pause = random.uniform(0.5, 1.0) * 2 ** (requests - 1) / 2  # noqa: S311 (jitter)
    wait = max(pause, failure.retry_after)
    logger.info("The provider failed (%s), trying again in %.1f s", failure, wait)
    if wait > pause or wait > SHORT_SECONDS:
        raise RetryLater(wait) from failure
    await asyncio.sleep(wait)


def _retry_after(value: str) -> float:
    """Seconds that a `Retry-After` header asks for, given as seconds or as an HTTP date."""
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return 0.0


def _now() -> float:
    return asyncio.get_running_loop().time()
