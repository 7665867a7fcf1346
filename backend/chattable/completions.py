"""The provider's side: a streamed completion as chunks, every fault as `AnswerFailed`; only this file knows openai."""

import asyncio
import logging
import os
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2
import openai
import orjson
from openai import AsyncOpenAI, DefaultAioHttpClient

from chattable.conf import settings
from chattable.exceptions import AnswerFailed

logger = logging.getLogger(__name__)

# An event larger than this is no chat completion; reading on would only fill the memory.
MAX_EVENT_BYTES = 16 * 2**20

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


class Provider:
    """An OpenAI-compatible endpoint as `CHATTABLE` or the environment names it; belongs to one event loop."""

    def __init__(self) -> None:
        self._client: AsyncOpenAI | None = None

    @property
    def client(self) -> AsyncOpenAI:
        """The SDK's client; raises `AnswerFailed("provider_auth")` where no key is set."""
        if self._client is None:
            self._client = _connect()
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
                return sorted([model.id async for model in self.client.models.list()])
        except (openai.OpenAIError, TimeoutError) as error:
            raise _failure(error) from error

    async def stream(
        self, *, model: str, messages: Sequence[Payload], parameters: Mapping[str, Any]
    ) -> AsyncGenerator[Chunk]:
        """Yield the chunks of one answer until its proper end; raises `AnswerFailed` for any other end."""
        deadline = _now() + settings.FIRST_TOKEN_SECONDS
        response, requests = await self._open(deadline, model=model, messages=messages, **parameters)
        try:
            yield Chunk(request_id=response.headers.get("x-request-id", "")[:200], requests=requests)
            async for chunk in Reader(response, deadline=deadline).chunks():
                yield chunk
        finally:
            await response.close()

    async def _open(self, deadline: float, **request: Any) -> tuple[Any, int]:
        """The provider's response and how many requests it took; retries what may pass by itself."""
        for attempt in range(1, settings.MAX_REQUESTS + 1):
            try:
                return await self._request(deadline, **request), attempt
            except (openai.OpenAIError, httpx2.HTTPError, TimeoutError) as error:
                failure = _failure(error)
                wait = _retry_delay(error, attempt)
                if attempt == settings.MAX_REQUESTS or wait is None:
                    raise failure from error
                logger.info("The provider failed (%s), trying again in %.1f s", failure, wait)
                await asyncio.sleep(wait)
        raise AssertionError("MAX_REQUESTS must be at least 1")

    async def _request(self, deadline: float, **request: Any) -> Any:
        async with asyncio.timeout_at(deadline):
            manager = self.client.chat.completions.with_streaming_response.create(
                stream=True, stream_options={"include_usage": True}, **request
            )
            # Left by response.close(): the manager's exit would do no more than that.
            return await manager.__aenter__()


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


class Reader:
    """Turns one streamed response into chunks and knows whether its proper end has come."""

    def __init__(self, response: Any, *, deadline: float) -> None:
        self._response = response
        self._deadline = deadline
        self._decoder = EventDecoder()
        self._finished = False
        self._done = False
        self._failure: AnswerFailed | None = None

    async def chunks(self) -> AsyncIterator[Chunk]:
        """Yield a chunk for each network read; raises `AnswerFailed` after the text that came before the fault."""
        async for data in self._reads():
            yield self._chunk(self._decoder.feed(data))
            if self._failure:
                raise self._failure
            if self._done:
                return
        yield self._chunk(self._decoder.end())
        if not self._finished:
            raise self._failure or AnswerFailed("provider_incomplete", "The stream ended without a finish reason.")

    async def _reads(self) -> AsyncIterator[bytes]:
        reads = self._response.iter_bytes()
        while True:
            try:
                async with asyncio.timeout_at(self._deadline):
                    data = await anext(reads, None)
            except (httpx2.HTTPError, TimeoutError) as error:
                if self._finished:
                    return
                raise _failure(error, incomplete=True) from error
            if data is None:
                return
            yield data

    def _chunk(self, events: Iterable[bytes]) -> Chunk:
        chunk = Chunk()
        try:
            for event in events:
                if event == b"[DONE]":
                    self._done = self._finished = True
                    break
                _apply(_parse(event), chunk)
        except AnswerFailed as failure:
            self._failure = failure
        if chunk.content or chunk.reasoning:
            self._deadline = _now() + settings.IDLE_SECONDS
        if chunk.finish_reason:
            self._finished = True
            self._deadline = _now() + settings.END_SECONDS
        return chunk


class EventDecoder:
    """Server-sent events from bytes that may be cut anywhere: every legal line end, comments and fields skipped."""

    def __init__(self) -> None:
        self._tail = b""
        self._data: list[bytes] = []

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the data of each event that these bytes complete."""
        data = self._tail + data
        # A final CR may be half of a CRLF, so it waits with the unfinished line.
        cut = max(data.rfind(b"\n"), data.rfind(b"\r", 0, len(data) - 1)) + 1
        self._tail = data[cut:]
        if len(self._tail) > MAX_EVENT_BYTES:
            raise AnswerFailed("provider_error", f"An event is larger than {MAX_EVENT_BYTES} bytes.")
        for line in data[:cut].splitlines():
            yield from self._line(line)

    def end(self) -> Iterator[bytes]:
        """Yield what is left when the stream ends without the last blank line."""
        line, self._tail = self._tail.rstrip(b"\r\n"), b""
        yield from self._line(line)
        yield from self._line(b"")

    def _line(self, line: bytes) -> Iterator[bytes]:
        if line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" "))
        elif not line and self._data:
            event, self._data = b"\n".join(self._data).strip(), []
            yield event
        elif line.startswith((b"{", b"\xef\xbb\xbf")):
            # A gateway that answers with plain JSON, or starts with a byte order mark.
            yield from self._line(b"data:" + line.removeprefix(b"\xef\xbb\xbf").removeprefix(b"data:"))


def _parse(event: bytes) -> Payload:
    """The event's JSON object; one that is no JSON at all is skipped, a broken one ends the answer."""
    try:
        payload = orjson.loads(event)
    except orjson.JSONDecodeError as error:
        if event.startswith(b"{"):
            raise AnswerFailed("provider_incomplete", f"An event is broken: {error}") from error
        logger.warning("Skipped an event that is no JSON: %.100r", event)
        return {}
    return payload if isinstance(payload, dict) else {}


def _apply(payload: Payload, chunk: Chunk) -> None:
    """Add what the payload says to the chunk; raises `AnswerFailed` for an error inside the stream."""
    if error := payload.get("error"):
        raise _reported(error)
    if isinstance(usage := payload.get("usage"), dict):
        chunk.usage = usage
    for choice in payload.get("choices") or ():
        if isinstance(choice, dict) and not choice.get("index"):
            _apply_choice(choice, chunk)


def _apply_choice(choice: Payload, chunk: Chunk) -> None:
    delta = choice.get("delta") or choice.get("message") or {}
    chunk.content += _text(delta.get("content")) + _text(delta.get("refusal"))
    chunk.reasoning += _text(delta.get("reasoning_content") or delta.get("reasoning"))
    chunk.tool_calls = chunk.tool_calls or bool(delta.get("tool_calls") or delta.get("function_call"))
    if reason := choice.get("finish_reason"):
        chunk.finish_reason = str(reason)[:40]


def _text(value: Any) -> str:
    """A text field, which some providers send as null or as a list of parts."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(_text(part.get("text")) for part in value if isinstance(part, dict))
    return ""


def _reported(error: Any) -> AnswerFailed:
    """The failure that a provider reports inside a stream whose status was 200."""
    body = error if isinstance(error, dict) else {"message": str(error)}
    code = {"429": "rate_limited", "401": "provider_auth"}.get(str(body.get("code")), "provider_error")
    return AnswerFailed(code, str(body.get("message"))[:1000])


def _failure(error: Exception, *, incomplete: bool = False) -> AnswerFailed:
    """Any error of the SDK or of the network as ours; `incomplete` where the response had begun."""
    return AnswerFailed(_code(error, incomplete=incomplete), f"{type(error).__name__}: {error}"[:1000])


def _code(error: Exception, *, incomplete: bool) -> str:
    match error:
        case openai.APITimeoutError() | TimeoutError() | httpx2.TimeoutException():
            return "provider_timeout"
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


def _retry_delay(error: Exception, attempt: int) -> float | None:
    """Seconds until the next request, or None where another request could not help."""
    if not isinstance(error, openai.RateLimitError | openai.InternalServerError | openai.APIConnectionError):
        return None
    backoff = random.uniform(0.5, 1.0) * 2 ** (attempt - 1) / 2  # noqa: S311 (jitter)
    response = getattr(error, "response", None)
    asked = _retry_after(response.headers.get("retry-after", "")) if response is not None else 0.0
    return max(backoff, asked) if asked <= settings.RETRY_AFTER_SECONDS else None


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
