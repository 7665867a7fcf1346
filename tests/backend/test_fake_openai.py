"""The fake provider, as the real openai SDK, urllib and a plain socket see it."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, AsyncStream
from openai.types.chat import ChatCompletionChunk

import fake_openai
from fake_openai import DONE, END, FakeOpenAI, cut, demo_answer, sse, text

TRICKY = "日本語 naïve 🦀 👩‍👩‍👧"


@pytest.fixture
async def provider() -> AsyncIterator[FakeOpenAI]:
    async with FakeOpenAI(quick=True) as running:
        yield running


@pytest.fixture
async def client(provider: FakeOpenAI) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=provider.url, api_key="any", max_retries=0) as sdk:
        yield sdk


async def read(client: AsyncOpenAI, model: str, **options: Any) -> list[ChatCompletionChunk]:
    question = options.pop("question", "Hello")
    stream = await client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": question}], stream=True, **options
    )
    return await collect(stream)


async def collect(stream: AsyncStream[ChatCompletionChunk]) -> list[ChatCompletionChunk]:
    return [chunk async for chunk in stream]


async def first_chunk(client: AsyncOpenAI, model: str) -> AsyncStream[ChatCompletionChunk]:
    """Return a stream of which one chunk has been read."""
    stream = await client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": "Hello"}], stream=True
    )
    await anext(aiter(stream))
    return stream


def joined(chunks: list[ChatCompletionChunk]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def post(url: str, body: object) -> tuple[int, Any]:
    request = urllib.request.Request(url, json.dumps(body).encode(), method="POST")
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, json.load(refusal)


class TestBuiltInModels:
    async def test_are_listed(self, client: AsyncOpenAI) -> None:
        models = [model.id async for model in client.models.list()]
        assert models == ["demo", "demo-fast", "demo-reasoning"]

    async def test_demo_streams_its_answer_with_role_first_and_reason_last(self, client: AsyncOpenAI) -> None:
        chunks = await read(client, "demo", question="a table, please")
        assert joined(chunks) == demo_answer("a table, please", turn=0)
        assert chunks[0].choices[0].delta.role == "assistant"
        assert [chunk.choices[0].finish_reason for chunk in chunks[-2:]] == [None, "stop"]
        assert len({chunk.id for chunk in chunks}) == 1

    async def test_usage_comes_last_when_asked_for(self, client: AsyncOpenAI) -> None:
        chunks = await read(client, "count-n7-r0", stream_options={"include_usage": True})
        assert [chunk.usage for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
        assert chunks[-1].choices == []
        assert chunks[-1].usage
        assert chunks[-1].usage.completion_tokens == 7
        assert chunks[-1].usage.total_tokens == 7 + chunks[-1].usage.prompt_tokens

    async def test_no_usage_unless_asked_for(self, client: AsyncOpenAI) -> None:
        assert all(chunk.choices for chunk in await read(client, "count-n7-r0"))

    async def test_reasoning_comes_before_the_answer(self, client: AsyncOpenAI) -> None:
        chunks = await read(client, "demo-reasoning", question="the tide")
        extra = [chunk.choices[0].delta.model_extra or {} for chunk in chunks]
        thinks = ["reasoning_content" in fields for fields in extra[1:]]
        assert "the tide" in "".join(fields.get("reasoning_content", "") for fields in extra)
        assert thinks == sorted(thinks, reverse=True)
        assert joined(chunks) == demo_answer("the tide", turn=0)

    async def test_count_streams_the_numbers_at_its_rate(self, client: AsyncOpenAI) -> None:
        started = time.monotonic()
        chunks = await read(client, "count-n20-r50")
        assert joined(chunks) == "".join(f"{n} " for n in range(1, 21))
        assert 0.36 < time.monotonic() - started < 1.5

    async def test_plain_completion_is_one_object(self, client: AsyncOpenAI) -> None:
        completion = await client.chat.completions.create(model="demo", messages=[{"role": "user", "content": "math"}])
        assert completion.choices[0].message.content == demo_answer("math", turn=0)
        assert completion.choices[0].finish_reason == "stop"
        assert completion.usage

    async def test_token_limit_cuts_the_answer_short(self, client: AsyncOpenAI) -> None:
        chunks = await read(client, "count-n9-r0", max_completion_tokens=3)
        assert joined(chunks) == "1 2 3 "
        assert chunks[-1].choices[0].finish_reason == "length"

    async def test_unknown_model_is_not_found(self, client: AsyncOpenAI) -> None:
        with pytest.raises(openai.NotFoundError) as caught:
            await read(client, "gpt-nothing")
        assert caught.value.code == "model_not_found"

    @pytest.mark.parametrize(
        "message",
        [{"role": "assistant", "content": ""}, {"role": "user", "content": None}, {"content": "x"}, "x"],
    )
    def test_messages_that_strict_providers_refuse_are_refused(self, message: object) -> None:
        with FakeOpenAI.in_thread() as provider:
            url = f"{provider.url}/chat/completions"
            status, body = post(url, {"model": "demo", "messages": [message]})
        assert status == 400
        assert body["error"]["message"].startswith("messages[0]")

    async def test_numbers_out_of_range_are_refused(self, client: AsyncOpenAI) -> None:
        with pytest.raises(openai.BadRequestError, match="temperature"):
            await read(client, "demo", temperature=9)

    async def test_human_pace_is_about_forty_tokens_a_second(self) -> None:
        async with FakeOpenAI() as provider, AsyncOpenAI(base_url=provider.url, api_key="any") as client:
            started = time.monotonic()
            chunks = await read(client, "demo", question="essay", max_tokens=40)
        assert len(chunks) == 42
        assert 1 < time.monotonic() - started < 2.5


class TestDemoAnswers:
    @pytest.mark.parametrize(
        ("question", "sign"),
        [
            ("Hi!", "demo"),
            ("Can you write some Python code?", "```python"),
            ("Compare cats and dogs", "|:--|"),
            ("a list of steps", "   - "),
            ("the maths of it", "\n$$\n"),
            ("an essay, please", "## Why"),
            ("show me some markdown", "```sql"),
            ("who are you?", "OPENAI_API_KEY"),
            ("日本語で話せますか", "おはよう"),
        ],
    )
    def test_fit_the_question(self, question: str, sign: str) -> None:
        assert sign in demo_answer(question, turn=0)

    def test_quote_the_question_without_its_markup(self) -> None:
        answer = demo_answer("Why do **owls** `fly` $quietly$ <b>at</b> night, every night of the year?", turn=0)
        assert "“Why do owls fly quietly batb night, every night …”" in answer

    def test_differ_from_turn_to_turn(self) -> None:
        assert len({demo_answer("the sea", turn=turn) for turn in range(3)}) == 3

    def test_python_samples_compile(self) -> None:
        for sample in (fake_openai.CODE_COUNT, fake_openai.CODE_RETRY):
            source = sample.partition("```python\n")[2].partition("```")[0]
            compile(source, "sample", "exec")

    def test_are_whole_after_being_cut_into_tokens(self) -> None:
        for _, answers in fake_openai.ANSWERS:
            for answer in answers:
                assert "".join(fake_openai.TOKEN.findall(answer)) == answer


class TestScripts:
    async def test_bytes_arrive_the_same_for_every_cut(self, provider: FakeOpenAI, client: AsyncOpenAI) -> None:
        data = text(TRICKY) + END
        for position in range(1, len(text(TRICKY))):
            provider.script(f"cut-{position}", cut(data, position))
        for position in range(1, len(text(TRICKY))):
            assert joined(await read(client, f"cut-{position}")) == TRICKY

    async def test_each_piece_is_one_write(self, provider: FakeOpenAI) -> None:
        data = "é🦀".encode()
        provider.script("bytewise", cut(data, *range(1, len(data))))
        raw = await exchange(provider, "bytewise")
        body = raw.partition(b"\r\n\r\n")[2]
        assert body == b"".join(b"1\r\n%c\r\n" % byte for byte in data) + b"0\r\n\r\n"

    async def test_body_may_be_ended_by_the_closing_alone(self, provider: FakeOpenAI) -> None:
        provider.script("old", [text("A"), END], headers={"Connection": "close"})
        head, _, body = (await exchange(provider, "old")).partition(b"\r\n\r\n")
        assert body == text("A") + END
        assert b"chunked" not in head

    async def test_reset_breaks_the_stream_after_what_was_sent(self, provider: FakeOpenAI, client: AsyncOpenAI) -> None:
        provider.script("broken", [text("One "), b'data: {"cho', {"delay": 0.05}, {"reset": True}])
        stream = await first_chunk(client, "broken")
        with pytest.raises(openai.APIConnectionError) as caught:
            await anext(aiter(stream))
        assert "Connection reset by peer" in str(caught.getrepr(chain=True))
        assert provider.requests[0].closed_by == "server"

    async def test_close_leaves_the_body_unfinished(self, provider: FakeOpenAI) -> None:
        provider.script("cut-off", [b"x", {"close": True}, b"never"])
        assert (await exchange(provider, "cut-off")).endswith(b"\r\n1\r\nx\r\n")

    async def test_reset_may_come_before_the_head(self, provider: FakeOpenAI, client: AsyncOpenAI) -> None:
        provider.script("rude", [{"reset": True}], late_head=True)
        with pytest.raises(openai.APIConnectionError):
            await read(client, "rude")

    async def test_status_and_headers_are_the_scripts(self, provider: FakeOpenAI, client: AsyncOpenAI) -> None:
        body = json.dumps(fake_openai.error("Slow down.", code="rate_limit_exceeded")).encode()
        provider.script("busy", [body], status=429, headers={"Retry-After": "7"})
        with pytest.raises(openai.RateLimitError) as caught:
            await read(client, "busy")
        assert caught.value.response.headers["retry-after"] == "7"
        assert caught.value.code == "rate_limit_exceeded"

    async def test_play_in_order_as_often_as_they_say(self, provider: FakeOpenAI, client: AsyncOpenAI) -> None:
        provider.script("shaky", status=503, times=2)
        provider.script("shaky", [text("back"), END])
        for _ in range(2):
            with pytest.raises(openai.InternalServerError):
                await read(client, "shaky")
        assert [joined(await read(client, "shaky")) for _ in range(2)] == ["back", "back"]
        assert len(provider.requests) == 4

    async def test_an_endless_script_is_replaced_by_the_next(self, provider: FakeOpenAI, client: AsyncOpenAI) -> None:
        provider.script("m", [text("old"), END])
        provider.script("m", [text("new"), END])
        assert joined(await read(client, "m")) == "new"

    async def test_may_stand_in_for_the_list_of_models(self, provider: FakeOpenAI, client: AsyncOpenAI) -> None:
        provider.script("/v1/models", status=500)
        with pytest.raises(openai.InternalServerError):
            await client.models.list()

    @pytest.mark.parametrize("step", [{"txt": "x"}, {"delay": 1, "text": "x"}, {"delay": "1"}, {}])
    def test_a_wrong_step_is_refused_at_once(self, step: dict[str, object]) -> None:
        with pytest.raises(ValueError, match="no step"):
            FakeOpenAI().script("m", [step])


class TestRecords:
    async def test_hold_body_and_headers_without_the_key(self, provider: FakeOpenAI, client: AsyncOpenAI) -> None:
        before = time.time()
        await read(client, "count-n3-r0", temperature=0.5)
        [record] = provider.requests
        assert (record.model, record.body["temperature"]) == ("count-n3-r0", 0.5)
        assert record.headers["authorization"] is True
        assert before <= record.started <= time.time()
        assert (record.closed_by, record.sent_bytes > 300) == ("server", True)

    async def test_tell_when_the_client_left_a_silent_stream(self, provider: FakeOpenAI, client: AsyncOpenAI) -> None:
        provider.script("silent", [text("Well, "), {"hang": True}])
        stream = await first_chunk(client, "silent")
        assert provider.requests[0].closed is None
        await stream.close()
        closed = time.time()
        await provider.until(lambda: provider.requests[0].closed_by == "client")
        [record] = provider.requests
        assert record.closed is not None
        assert abs(record.started + record.closed - closed) < 0.5

    async def test_tell_that_the_client_left_in_the_middle(self, provider: FakeOpenAI, client: AsyncOpenAI) -> None:
        stream = await first_chunk(client, "count-n1000-r20")
        await stream.close()
        await provider.until(lambda: provider.requests[0].closed_by == "client")

    async def test_until_gives_up_in_time(self, provider: FakeOpenAI) -> None:
        with pytest.raises(TimeoutError):
            await provider.until(lambda: provider.requests, timeout=0.05)

    async def test_reset_forgets_requests_and_scripts(self, provider: FakeOpenAI, client: AsyncOpenAI) -> None:
        provider.script("m", [text("x"), END])
        await read(client, "m")
        answer = joined(await read(client, "demo"))
        provider.reset()
        assert provider.requests == []
        assert joined(await read(client, "demo")) == answer
        with pytest.raises(openai.NotFoundError):
            await read(client, "m")


class TestServer:
    async def test_keeps_a_connection_for_many_requests(self, provider: FakeOpenAI) -> None:
        request = completion_request("count-n2-r0")
        reader, writer = await asyncio.open_connection(provider.host, provider.port)
        for _ in range(3):
            writer.write(request)
            answer = await asyncio.wait_for(reader.readuntil(b"0\r\n\r\n"), 5)
            assert answer.count(DONE) == 1
        writer.close()

    async def test_serves_three_hundred_streams_at_once(self, provider: FakeOpenAI) -> None:
        started = time.monotonic()
        answers = await asyncio.gather(*(exchange(provider, "count-n20-r20") for _ in range(300)))
        assert all(answer.count(b'"content":"20 "') == answer.count(DONE) == 1 for answer in answers)
        assert time.monotonic() - started < 5
        assert len(provider.requests) == 300

    async def test_key_is_checked_only_when_there_is_one(self, client: AsyncOpenAI) -> None:
        async with FakeOpenAI(api_key="right") as strict:
            with pytest.raises(openai.AuthenticationError) as caught:
                await read(client.with_options(base_url=strict.url, api_key="wrong"), "count-n1-r0")
            assert caught.value.code == "invalid_api_key"
            with pytest.raises(openai.AuthenticationError):
                await client.with_options(base_url=strict.url, api_key="wrong").models.list()
            right = client.with_options(base_url=strict.url, api_key="right")
            assert joined(await read(right, "count-n1-r0")) == "1 "
            assert [record.closed_by for record in strict.requests] == ["server", "server"]

    async def test_stops_at_once_with_streams_open(self, client: AsyncOpenAI) -> None:
        async with FakeOpenAI() as provider:
            stream = await first_chunk(client.with_options(base_url=provider.url), "count-n1000-r20")
            started = time.monotonic()
        assert time.monotonic() - started < 0.5
        assert provider.requests[0].closed_by == "server"
        with pytest.raises(openai.APIConnectionError):
            await collect(stream)

    async def test_nonsense_only_closes_the_connection(self, provider: FakeOpenAI) -> None:
        reader, writer = await asyncio.open_connection(provider.host, provider.port)
        writer.write(b"nonsense\r\n\r\n")
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


class TestInThread:
    def test_scripts_records_and_waits_from_the_test(self) -> None:
        with FakeOpenAI.in_thread() as provider:
            provider.script("m", [text("x"), {"hang": True}])
            with socket.create_connection((provider.host, provider.port)) as client:
                client.sendall(completion_request("m"))
                provider.wait_for(lambda: provider.requests and provider.requests[0].sent_bytes)
            provider.wait_for(lambda: provider.requests[0].closed_by == "client")

    def test_wait_gives_up_in_time(self) -> None:
        with FakeOpenAI.in_thread() as provider, pytest.raises(TimeoutError):
            provider.wait_for(lambda: provider.requests, timeout=0.05)

    async def test_waiting_in_a_coroutine_is_refused(self, provider: FakeOpenAI) -> None:
        with pytest.raises(AssertionError):
            provider.wait_for(lambda: True)


class TestCommand:
    @pytest.fixture
    def command(self) -> Iterator[subprocess.Popen[str]]:
        pipe = subprocess.PIPE
        arguments = [sys.executable, fake_openai.__file__, "--port", "0", "--quick"]
        with subprocess.Popen(arguments, stdout=pipe, stderr=pipe, text=True) as process:
            yield process
            process.kill()

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_is_controlled_over_http_and_stops_quietly(
        self, command: subprocess.Popen[str], number: signal.Signals
    ) -> None:
        url = read_url(command)
        root = url.removesuffix("/v1")
        steps = [{"text": sse("a").decode()}, {"base64": "YmM="}, {"delay": 0.001}]
        assert post(f"{root}/script", {"model": "m", "steps": steps}) == (200, {"ok": True})
        assert post(f"{root}/script", {"model": "m", "steps": [{"what": 1}]})[0] == 400
        assert post(f"{root}/script", {"steps": []})[0] == 400
        body = {"model": "m", "messages": [{"role": "user", "content": "x"}], "stream": True}
        request = urllib.request.Request(f"{url}/chat/completions", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=5) as response:
            assert response.read() == sse("a") + b"bc"
        with urllib.request.urlopen(f"{root}/requests", timeout=5) as response:
            [record] = json.load(response)
        assert (record["model"], record["body"], record["closed_by"]) == ("m", body, "server")
        assert record["headers"]["authorization"] is False
        assert post(f"{root}/reset", {}) == (200, {"ok": True})

        address = ("127.0.0.1", int(root.rpartition(":")[2]))
        with socket.create_connection(address) as listener:
            listener.sendall(completion_request("count-n1000-r20"))
            assert listener.recv(100).startswith(b"HTTP/1.1 200")
            command.send_signal(number)
            out, err = command.communicate(timeout=2)
        assert (out, err, command.returncode) == ("", "", 0)

    def test_a_taken_port_is_named_in_one_line(self, command: subprocess.Popen[str]) -> None:
        port = read_url(command).removesuffix("/v1").rpartition(":")[2]
        arguments = [sys.executable, fake_openai.__file__, "--port", port]
        second = subprocess.run(arguments, capture_output=True, text=True, timeout=5, check=False)
        assert second.returncode == 1
        assert second.stderr.startswith("fake_openai: ")
        assert second.stderr.count("\n") == 1


def read_url(command: subprocess.Popen[str]) -> str:
    assert command.stdout
    return command.stdout.readline().removeprefix("fake_openai on ").strip()


def completion_request(model: str) -> bytes:
    messages = [{"role": "user", "content": "Hello"}]
    body = json.dumps({"model": model, "messages": messages, "stream": True}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def exchange(provider: FakeOpenAI, model: str) -> bytes:
    """Return the raw bytes of one response, as they came over the wire."""
    reader, writer = await asyncio.open_connection(provider.host, provider.port)
    writer.write(completion_request(model))
    received = b""
    while not received.endswith(b"0\r\n\r\n"):
        data = await asyncio.wait_for(reader.read(65536), 10)
        if not data:
            break
        received += data
    writer.close()
    return received
