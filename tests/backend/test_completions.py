"""What providers send, in every shape that is legal or has been seen, and what the answer is made of it."""

import asyncio
import gzip
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from email.utils import formatdate
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from chattable import completions
from chattable.completions import EventDecoder, Provider, RetryLater
from chattable.exceptions import AnswerFailed
from chattable.models.base import clean
from chattable.runner import Outcome
from fake_openai import DONE, END, FakeOpenAI, Step, cut, delta, finish, sse, text

HELLO = "日本語 naïve 🦀 👩‍👩‍👧"
QUICK = {"FIRST_TOKEN_SECONDS": 1.5, "IDLE_SECONDS": 1, "END_SECONDS": 0.4}


@dataclass
class Answer:
    """All that came of one request for an answer."""

    content: str = ""
    reasoning: str = ""
    failure: AnswerFailed | None = None
    wait: float | None = None
    outcome: Outcome = field(default_factory=Outcome)

    @property
    def error(self) -> str:
        return self.failure.code if self.failure else ""

    @property
    def end(self) -> tuple[str, str, str]:
        return self.content, self.error, self.outcome.finish_reason


type Ask = Callable[..., Awaitable[Answer]]


async def take(ours: Provider, answer: Answer, *, model: str, requests: int = 0, **parameters: Any) -> None:
    """Read the provider's answer to its end."""
    messages = [{"role": "user", "content": "Hi"}]
    chunks = ours.stream(model=model, messages=messages, parameters=parameters, requests=requests)
    try:
        async with aclosing(chunks):
            async for chunk in chunks:
                answer.outcome.note(chunk)
                answer.content += chunk.content
                answer.reasoning += chunk.reasoning
    except AnswerFailed as failure:
        answer.failure = failure
    except RetryLater as later:
        answer.wait = later.seconds


@pytest.fixture
async def ours(provider: FakeOpenAI) -> AsyncIterator[Provider]:
    provider.reset()
    ours = Provider()
    yield ours
    await ours.close()


@pytest.fixture
def ask(provider: FakeOpenAI, ours: Provider) -> Ask:
    """Plays the steps, if there are any, and gives what was read of them."""

    async def ask(*steps: Step, model: str = "m", **options: Any) -> Answer:
        if steps or options:
            provider.script(model, steps, **options)
        answer = Answer()
        await take(ours, answer, model=model)
        return answer

    return ask


@pytest.fixture
async def quick(settings: Any, ours: Provider) -> None:
    """Short limits on silence, and a connection: what the first use costs is not what is measured."""
    await ours.models()
    settings.CHATTABLE = {**settings.CHATTABLE, **QUICK}


# F01: a character cut between two network reads.


async def test_a_body_in_single_bytes_reads_as_one(ask: Ask) -> None:
    body = text(HELLO) + END

    answer = await ask(*cut(body, *range(1, len(body))))

    assert answer.end == (HELLO, "", "stop")


async def test_a_gateway_may_pack_the_stream(ask: Ask) -> None:
    body = gzip.compress(text(HELLO) + END)

    answer = await ask(*cut(body, 20, len(body) // 2), headers={"content-encoding": "gzip"})

    assert answer.end == (HELLO, "", "stop")


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"], ids=["lf", "crlf", "cr"])
async def test_a_body_cut_anywhere_reads_the_same(ask: Ask, newline: bytes) -> None:
    body = (b": hi\n" + text(HELLO) + text("!") + END).replace(b"\n", newline)

    answers = [await ask(*cut(body, position, delay=0.002)) for position in range(1, len(body))]

    assert {answer.end for answer in answers} == {(HELLO + "!", "", "stop")}


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"], ids=["lf", "crlf", "cr"])
async def test_an_event_counts_as_soon_as_its_blank_line_is_there(ask: Ask, newline: bytes) -> None:
    body = text("Hi") + finish()

    answer = await ask(body.replace(b"\n", newline), {"hang": True})

    assert answer.end == ("Hi", "", "stop")


@pytest.mark.parametrize("between", [[], [{"delay": 0.02}], [delta(content=""), {"delay": 0.02}, b": ping\n\n"]])
async def test_a_character_escaped_in_two_deltas_is_joined(ask: Ask, between: list[Step]) -> None:
    first, second = (json.dumps(half).encode() for half in ("a\ud83e", "\udd80b"))
    chunk = b'data: {"choices":[{"index":0,"delta":{"content":%s,"reasoning_content":%s}}]}\n\n'

    answer = await ask(chunk % (first, first), *between, chunk % (second, second), END)

    assert (clean(answer.content), clean(answer.reasoning)) == ("a🦀b", "a🦀b")


@given(
    texts=st.lists(st.text(min_size=1), min_size=1, max_size=4),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    space=st.sampled_from(["", " "]),
    between=st.sampled_from(["", ": ping\n", ":\n\n", "id: 7\nretry: 10\n", "event: message\n", "data:\n"]),
    start=st.sampled_from(["", "\ufeff", "\n", ": hello\n\n"]),
    ascii_only=st.booleans(),
    data=st.data(),
)
@hypothesis(deadline=None, max_examples=200)
def test_any_text_cut_anywhere_in_any_framing_is_the_same(
    texts: list[str],
    newline: str,
    space: str,
    between: str,
    start: str,
    ascii_only: bool,
    data: st.DataObject,
) -> None:
    values = [json.dumps({"text": text}, ensure_ascii=ascii_only) for text in texts]
    body = start + "".join(f"{between}data:{space}{value}\n\n" for value in values)
    raw = body.replace("\n", newline).encode()
    cuts = sorted(data.draw(st.sets(st.integers(0, len(raw)), max_size=12)))
    decoder = EventDecoder()

    pieces = [raw[first:last] for first, last in pairwise([0, *cuts, len(raw)])]
    events = [event for piece in pieces for event in decoder.feed(piece)]

    assert [json.loads(event.data)["text"] for event in events] == texts
    assert list(decoder.end()) == []


# F02: legal but unusual event framing.

A = b'{"choices":[{"index":0,"delta":{"content":"A"}}]}'
B = b'{"choices":[{"index":0,"delta":{"content":"B"}}]}'
STOP = b'data:{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
PLAIN = {"object": "chat.completion", "choices": [{"message": {"content": "AB"}, "finish_reason": "stop"}]}
FRAMINGS = {
    "comments": b": warming up\n\n:\n\ndata: %s\n\n:\ndata: %s\n:\n\n: ping\n\n%s: ping\n\ndata: [DONE]\n\n",
    "fields": b"data:%s\n\nevent: message\nid: 7\nretry: 1000\ndata: %s\n\n%sdata:[DONE]\n\n",
    "byte order mark": b"\xef\xbb\xbfdata: %s\n\ndata: %s\n\n%sdata: [DONE]\n\n",
    "byte order mark before a comment": b"\xef\xbb\xbf: hi\ndata: %s\n\ndata: %s\n\n%sdata: [DONE]\n\n",
    "byte order mark before a field": b"\xef\xbb\xbfevent: x\ndata: %s\n\ndata: %s\n\n%sdata: [DONE]\n\n",
    "no last blank line": b"data: %s\n\ndata: %s\n\n%sdata: [DONE]",
    "no last line end": b"data: %s\n\ndata: %s\n\n" + STOP[:-2].replace(b"%", b"%%") + b"%.0s",
    "many blank lines": b"\n\n\ndata: %s\n\n\n\ndata: %s\n\n\n%sdata: [DONE]\n\n",
    "no space, tab after": b"data:%s\t\n\ndata:\t%s\n\n%sdata:\t[DONE]\n\n",
    "empty data": b"data:\n\ndata: %s\n\ndata\n\ndata: %s\n\n%sdata: [DONE]\n\n",
    "a field that nobody knows": b"data: %s\nfoo: bar\n\ndata: %s\nfoo\n\n%sdata: [DONE]\n\n",
    "broken keep-alive": b"data: %s\n\ndata: : ping\n\ndata: %s\n\n%sdata: [DONE]\n\n",
    "data that is no object": b'data: %s\n\ndata: 7\n\ndata: null\n\ndata: "x"\n\ndata: [{}]\n\ndata: %s\n\n%s',
}


@pytest.mark.parametrize("framing", FRAMINGS.values(), ids=FRAMINGS)
async def test_unusual_framing_loses_nothing(ask: Ask, framing: bytes) -> None:
    answer = await ask(framing % (A, B, STOP))

    assert answer.end == ("AB", "", "stop")


async def test_one_event_may_have_its_data_on_several_lines(ask: Ask) -> None:
    lines = json.dumps({"choices": [{"delta": {"content": "AB"}}]}, indent=1).splitlines()

    answer = await ask("".join(f"data: {line}\n" for line in lines).encode() + b"\n" + END)

    assert answer.end == ("AB", "", "stop")


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
async def test_a_gateway_may_answer_with_json_instead_of_a_stream(ask: Ask, indent: int | None, kind: str) -> None:
    body = json.dumps(PLAIN, indent=indent).encode()

    answer = await ask(*cut(body, len(body) // 2), headers={"content-type": kind})

    assert answer.end == ("AB", "", "stop")


@pytest.mark.parametrize("body", [b"<html>Sign in</html>", b"", b"\n", b": nothing\n\n", b"data: : ping\n\n"])
async def test_a_body_without_any_event_is_never_an_empty_answer(ask: Ask, body: bytes) -> None:
    assert (await ask(body)).error == "provider_incomplete"


@pytest.mark.parametrize(
    "chunk",
    [
        b'data: {"choices":[{"delta":{"content":"AB"},"logprobs":NaN}]}\n\n',
        b'data: {"choices":[{"delta":{"content":"A\x00B"}}]}\n\n',
        b'data: {"choices":[{"delta":{"content":"A\\u0000B"}}]}\n\n',
        b'data: {"choices":[{"delta":{"content":"A\xffB"}}]}\n\n',
        b'data: {"choices":[{"delta":{"content":"A\\ud800B"}}]}\n\n',
        b'data: {"choices":[{"delta":{"content":"A\\udc00B"}}]}\n\n',
    ],
    ids=["NaN", "bare NUL", "NUL", "broken UTF-8", "first half", "second half"],
)
async def test_characters_that_json_forbids_do_not_cost_the_answer(ask: Ask, chunk: bytes) -> None:
    answer = await ask(chunk + END)

    assert answer.end[1:] == ("", "stop")
    assert clean(answer.content).replace("\ufffd", "") == "AB"


# F03: legal but unusual chunk shapes, tool calls in pieces.


def choice(**fields: Any) -> bytes:
    return sse({"choices": [fields]})


TOOL = {"index": 0, "id": "c1", "type": "function", "function": {"name": "look", "arguments": ""}}
USAGE = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}


async def test_every_known_chunk_shape_in_one_stream(ask: Ask) -> None:
    answer = await ask(
        sse({"choices": [], "prompt_filter_results": []}),
        delta(role="assistant", content=""),
        delta(content=None),
        delta(),
        text("Hi"),
        delta(tool_calls=[TOOL]),
        delta(tool_calls=[{"index": 0, "function": {"arguments": '{"q":"é'}}]),
        delta(tool_calls=[{"index": 0, "function": {"arguments": '"}'}}]),
        finish("tool_calls"),
        sse({"choices": [], "usage": USAGE}),
        DONE,
    )

    assert answer.end == ("Hi", "", "tool_calls")
    assert answer.outcome.usage == USAGE


@pytest.mark.parametrize(
    "shape",
    [
        sse({"choices": None}),
        sse({"id": "x"}),
        sse({}),
        sse({"choices": {}}),
        sse({"choices": 7}),
        sse({"choices": [None, "x"]}),
        sse({"choices": [{}]}),
        choice(index=0, delta=None),
        choice(index=0, delta="x"),
        choice(index=1, delta={"content": "the second choice"}),
        choice(index=0, delta={"content": 7}),
        choice(index=0, delta={"content": {}}),
        choice(index=0, delta={"content": []}),
        sse({"error": None, "choices": []}),
        sse({"usage": None, "choices": []}),
        sse({"usage": 7, "choices": []}),
    ],
)
async def test_a_chunk_that_says_nothing_changes_nothing(ask: Ask, shape: bytes) -> None:
    answer = await ask(shape, text("H"), shape, text("i"), shape, finish(), shape, DONE)

    assert answer.end == ("Hi", "", "stop")


@pytest.mark.parametrize(
    "chunk",
    [
        choice(delta={"content": "Hi"}),
        choice(index=None, delta={"content": "Hi"}),
        choice(index=0, delta={"content": [{"type": "text", "text": "H"}, {"type": "text", "text": "i"}]}),
        choice(index=0, message={"content": "Hi"}),
        choice(index=0, delta={"content": None, "refusal": "Hi"}),
        sse({"choices": [{"index": 0, "delta": {"content": "H"}}, {"index": 0, "delta": {"content": "i"}}]}),
        sse({"choices": [{"index": 1, "delta": {"content": "no"}}, {"index": 0, "delta": {"content": "Hi"}}]}),
    ],
)
async def test_text_is_found_in_every_shape(ask: Ask, chunk: bytes) -> None:
    assert (await ask(chunk, END)).end == ("Hi", "", "stop")


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
async def test_reasoning_is_kept_apart(ask: Ask, name: str) -> None:
    answer = await ask(delta(**{name: "Hm"}), delta(content="Hi", **{name: "…"}), END)

    assert (answer.content, answer.reasoning) == ("Hi", "Hm…")


@pytest.mark.parametrize("reason", ["stop", "tool_calls", "function_call"])
@pytest.mark.parametrize(
    "calls",
    [
        [delta(tool_calls=[TOOL])],
        [delta(tool_calls=[{key: TOOL[key] for key in ("id", "function")}])],
        [delta(tool_calls=[TOOL, TOOL])],
        [delta(function_call={"name": "look", "arguments": ""})],
        [delta(tool_calls=[TOOL]), delta(), delta(content="")],
    ],
    ids=["one", "no index", "same index twice", "old", "in pieces"],
)
async def test_a_tool_call_is_never_taken_for_an_empty_answer(ask: Ask, calls: list[bytes], reason: str) -> None:
    assert (await ask(*calls, finish(reason), DONE)).end == ("", "", "tool_calls")


async def test_a_tool_call_cut_at_the_limit_is_cut_short(ask: Ask) -> None:
    assert (await ask(delta(tool_calls=[TOOL]), finish("length"), DONE)).end == ("", "", "length")


async def test_of_usage_in_every_chunk_the_last_one_counts(ask: Ask) -> None:
    def with_usage(tokens: int, content: str) -> bytes:
        return sse({"choices": [{"delta": {"content": content}}], "usage": {"completion_tokens": tokens}})

    answer = await ask(with_usage(1, "A"), with_usage(2, "B"), finish(), sse({"usage": {"completion_tokens": 3}}), DONE)

    assert answer.content == "AB"
    assert answer.outcome.ledger()["completion_tokens"] == 3


async def test_usage_names_the_details(ask: Ask) -> None:
    details = {"prompt_tokens_details": {"cached_tokens": 2}, "completion_tokens_details": {"reasoning_tokens": 1}}

    answer = await ask(text("Hi"), finish(), sse({"choices": [], "usage": {**USAGE, **details}}), DONE)

    ledger = answer.outcome.ledger()
    assert [ledger[f"{name}_tokens"] for name in ("prompt", "completion", "cached", "reasoning")] == [3, 4, 2, 1]


@pytest.mark.parametrize("tokens", [None, "3", -1, 2**40, 1.5, True, [], {}])
async def test_usage_that_makes_no_sense_is_left_out(ask: Ask, tokens: Any) -> None:
    usage = {"prompt_tokens": tokens, "prompt_tokens_details": tokens, "completion_tokens_details": [tokens]}

    answer = await ask(text("Hi"), finish(), sse({"usage": usage}), DONE)

    assert answer.outcome.ledger()["prompt_tokens"] is None


# F04: an error inside a 200 stream.

ERRORS = {
    "crash": ({"error": {"message": "engine crashed", "type": "server_error", "code": 500}}, "provider_error"),
    "string": ({"error": "engine crashed"}, "provider_error"),
    "no code": ({"error": {"message": "engine crashed"}}, "provider_error"),
    "no message": ({"error": {"type": "engine crashed"}}, "provider_error"),
    "list": ({"error": ["engine crashed"]}, "provider_error"),
    "busy": ({"error": {"message": "engine crashed", "code": 429}}, "rate_limited"),
    "busy, as text": ({"error": {"message": "engine crashed", "code": "429"}}, "rate_limited"),
    "busy, by name": ({"error": {"message": "engine crashed", "code": "rate_limit_exceeded"}}, "rate_limited"),
    "refused": ({"error": {"message": "engine crashed", "code": 401}}, "provider_auth"),
    "object": ({"object": "error", "message": "engine crashed", "code": 400}, "provider_error"),
    "with choices": (
        {"error": {"message": "engine crashed"}, "choices": [{"delta": {"content": ""}, "finish_reason": "error"}]},
        "provider_error",
    ),
}


@pytest.mark.parametrize("before", [b"", text("Half an ans")], ids=["first", "after text"])
@pytest.mark.parametrize("after", [b"", DONE, END], ids=["close", "done", "stop and done"])
@pytest.mark.parametrize(("event", "code"), ERRORS.values(), ids=ERRORS)
async def test_an_error_event_fails_the_answer_and_keeps_its_text(
    ask: Ask, event: Any, code: str, before: bytes, after: bytes
) -> None:
    answer = await ask(before + sse(event) + after)

    assert answer.end == ("Half an ans" if before else "", code, "")
    assert "engine crashed" in str(answer.failure)


@pytest.mark.parametrize("data", [b'{"message": "engine crashed"}', b"engine crashed", b'{"error": "engine crashed"}'])
async def test_an_event_named_error_fails_the_answer(ask: Ask, data: bytes) -> None:
    answer = await ask(text("Half"), b"event: error\ndata: " + data + b"\n\n", DONE)

    assert answer.end == ("Half", "provider_error", "")
    assert "engine crashed" in str(answer.failure)


async def test_a_name_holds_for_one_event_only(ask: Ask) -> None:
    assert (await ask(b"event: error\n\n", text("Hi"), END)).end == ("Hi", "", "stop")


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
async def test_an_error_as_plain_json_fails_the_answer(ask: Ask, kind: str) -> None:
    answer = await ask(b'{"error": {"message": "engine crashed"}}', headers={"content-type": kind})

    assert answer.error == "provider_error"


async def test_a_bare_line_of_json_after_text_is_read_as_the_error_that_it_is(ask: Ask) -> None:
    assert (await ask(text("Half"), b'{"error": "engine crashed"}\n')).end == ("Half", "provider_error", "")


async def test_a_broken_event_keeps_the_text_before_it_in_the_same_read(ask: Ask) -> None:
    assert (await ask(text("Half") + b'data: {"choi\n\n' + text("lost") + END)).end == (
        "Half",
        "provider_incomplete",
        "",
    )


# F05: the stream just ends.

ONE_TWO = text("One ") + text("two ")


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    "steps",
    [
        [finish(), DONE],
        [finish()],
        [DONE],
        [finish(), {"close": True}],
        [finish(), {"reset": True}],
        [finish(), b"data: {", {"reset": True}],
        [finish(), {"hang": True}],
        [finish(), b": ping\n\n", {"delay": 0.3}, b": ping\n\n", {"delay": 0.3}, b": ping\n\n", {"hang": True}],
        [DONE, {"hang": True}],
        [finish(), sse({"error": {"message": "the usage is unknown"}}), DONE],
    ],
    ids=["a", "b", "c", "b closed", "b reset", "b reset in usage", "f", "f with pings", "c hanging", "late error"],
)
async def test_a_whole_answer_is_finished_however_its_stream_ends(
    ask: Ask, provider: FakeOpenAI, steps: list[Step]
) -> None:
    answer = await ask(ONE_TWO, *steps)

    assert answer.end == ("One two ", "", "" if steps[0] == DONE else "stop")
    await provider.until(lambda: provider.requests[-1].closed_by)
    assert len(provider.requests) == 1


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [{"close": True}],
        [b'data: {"choices":[{"ind', {"close": True}],
        [b'data: {"choices":[{"ind', {"delay": 0.01}, {"reset": True}],
        [b'data: {"choices":[{"ind'],
        [{"delay": 0.01}, {"reset": True}],
    ],
    ids=["d", "d unfinished body", "e close", "e reset", "e end", "e reset between events"],
)
@pytest.mark.parametrize("headers", [{}, {"connection": "close"}], ids=["chunked", "until closed"])
async def test_an_answer_that_breaks_off_is_kept_but_not_finished(
    ask: Ask, provider: FakeOpenAI, steps: list[Step], headers: dict[str, str]
) -> None:
    answer = await ask(ONE_TWO, {"delay": 0.02}, *steps, headers=headers)

    assert answer.end == ("One two ", "provider_incomplete", "")
    assert len(provider.requests) == 1, "no second request once text has been shown"


async def test_the_last_event_needs_no_blank_line_before_the_socket_breaks(ask: Ask) -> None:
    answer = await ask(text("One "), text("two ").rstrip(), {"delay": 0.02}, {"close": True})

    assert answer.end == ("One two ", "provider_incomplete", "")


async def test_a_reset_before_the_head_is_tried_again(ask: Ask, provider: FakeOpenAI) -> None:
    provider.script("m", [{"reset": True}], late_head=True, times=2)

    answer = await ask(text("Hi"), END)

    assert (answer.end, answer.outcome.requests) == (("Hi", "", "stop"), 3)


async def test_a_provider_that_always_resets_is_unavailable(ask: Ask, provider: FakeOpenAI) -> None:
    answer = await ask({"reset": True}, late_head=True)

    assert (answer.error, answer.outcome.requests, len(provider.requests)) == ("provider_unavailable", 3, 3)


# F06: finished for another reason than "stop".


@pytest.mark.parametrize(
    ("chunks", "end"),
    [
        ([text("The first reason is"), finish("length")], ("The first reason is", "", "length")),
        ([delta(reasoning_content="Hm"), finish("length")], ("", "", "length")),
        ([finish("content_filter")], ("", "", "content_filter")),
        ([text("x"), finish("content_filter")], ("x", "", "content_filter")),
        ([text("x"), finish("eos_token")], ("x", "", "eos_token")),
        ([text("x"), finish("y" * 99)], ("x", "", "y" * 40)),
        ([finish("stop")], ("", "", "stop")),
        ([text("x"), finish("error")], ("x", "provider_error", "")),
        ([choice(index=0, delta={"content": "x"}, finish_reason="stop")], ("x", "", "stop")),
        ([choice(index=0, delta={"content": "x"}, finish_reason="")], ("x", "", "")),
        ([text("x"), choice(index=0, delta={}, finish_reason=7)], ("x", "", "7")),
    ],
)
async def test_the_reason_for_the_end_is_kept(ask: Ask, chunks: list[bytes], end: tuple[str, str, str]) -> None:
    assert (await ask(*chunks, DONE)).end == end


async def test_an_unknown_reason_is_logged(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    await ask(text("x"), finish("eos_token"), DONE)

    assert "eos_token" in caplog.text


async def test_text_after_the_finish_reason_is_kept(ask: Ask) -> None:
    assert (await ask(text("One "), finish(), text("two "), DONE)).end == ("One two ", "", "stop")


# F08: 429, 401 and retries that multiply.

BUSY: list[Step] = [b'{"error":{"message":"Slow down","code":"rate_limit_exceeded"}}']


async def test_what_may_pass_is_tried_again(ask: Ask, provider: FakeOpenAI) -> None:
    provider.script("m", [b"oops"], status=503, times=2)

    answer = await ask(text("Hi"), END)

    assert (answer.end, answer.outcome.requests, len(provider.requests)) == (("Hi", "", "stop"), 3, 3)


@pytest.mark.parametrize(("status", "code"), [(500, "provider_error"), (503, "provider_error"), (429, "rate_limited")])
async def test_what_does_not_pass_ends_after_three_requests(
    ask: Ask, provider: FakeOpenAI, status: int, code: str
) -> None:
    answer = await ask(b"oops", status=status)

    assert (answer.error, answer.outcome.requests, len(provider.requests)) == (code, 3, 3)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "provider_rejected"),
        (401, "provider_auth"),
        (403, "provider_auth"),
        (404, "model_not_found"),
        (413, "provider_rejected"),
        (422, "provider_rejected"),
    ],
)
@pytest.mark.parametrize("body", [b'{"error":{"message":"No"}}', b"<html>No</html>", b"", b'{"error":"No"}', b"[]"])
async def test_what_cannot_pass_is_asked_for_once(
    ask: Ask, provider: FakeOpenAI, status: int, code: str, body: bytes
) -> None:
    answer = await ask(body, status=status)

    assert (answer.error, len(provider.requests)) == (code, 1)


async def test_an_unknown_model_is_named_as_the_cause(ask: Ask) -> None:
    answer = await ask(model="no-such-model")

    assert answer.error == "model_not_found"
    assert "no-such-model" in str(answer.failure)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("wait", ["1", "7.2", "30", "date"])
async def test_a_wait_that_the_provider_names_is_left_to_the_caller(
    ask: Ask, provider: FakeOpenAI, status: int, wait: str
) -> None:
    after = formatdate(time.time() + 7, usegmt=True) if wait == "date" else wait

    answer = await ask(*BUSY, status=status, headers={"retry-after": after})

    assert (answer.end, len(provider.requests)) == (("", "", ""), 1)
    assert answer.wait is not None
    assert 5.5 < answer.wait <= 7 if wait == "date" else answer.wait == float(wait)


async def test_a_long_pause_of_our_own_is_left_to_the_caller_too(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completions, "SHORT_SECONDS", 0.2)

    answer = await ask(*BUSY, status=429)

    assert answer.wait
    assert 0.2 < answer.wait < 1


async def test_requests_that_were_sent_before_count(ask: Ask, provider: FakeOpenAI, ours: Provider) -> None:
    provider.script("m", [b"oops"], status=503)
    answer = Answer()

    await take(ours, answer, model="m", requests=1)

    assert (answer.error, answer.outcome.requests, len(provider.requests)) == ("provider_error", 3, 2)


@pytest.mark.parametrize("wait", ["3600", "inf", "date"])
async def test_a_wait_that_is_too_long_is_not_waited_for(ask: Ask, provider: FakeOpenAI, wait: str) -> None:
    after = formatdate(time.time() + 3600, usegmt=True) if wait == "date" else wait

    answer = await ask(*BUSY, status=429, headers={"retry-after": after})

    assert (answer.error, len(provider.requests)) == ("rate_limited", 1)
    assert answer.failure
    assert answer.failure.retry_after > 3500


@pytest.mark.parametrize("wait", ["soon", "-5", "nan", "", "Mon, 99 Foo 2026", "0"])
async def test_a_wait_that_makes_no_sense_is_our_own(ask: Ask, provider: FakeOpenAI, wait: str) -> None:
    provider.script("m", BUSY, status=429, headers={"retry-after": wait}, times=1)

    assert (await ask(text("Hi"), END)).end == ("Hi", "", "stop")
    first, second = provider.requests
    assert 0.2 < second.started - first.started < 2


async def test_a_refused_connection_says_whom_it_could_not_reach(settings: Any, ask: Ask) -> None:
    settings.CHATTABLE = {**settings.CHATTABLE, "BASE_URL": "http://127.0.0.1:9/v1"}

    answer = await ask()

    assert (answer.error, answer.outcome.requests) == ("provider_unavailable", 3)
    assert "127.0.0.1', 9" in str(answer.failure)


@pytest.mark.parametrize("url", ["nonsense", "http://", "ftp://127.0.0.1/v1"])
async def test_a_base_url_that_is_none_fails_the_answer(settings: Any, ask: Ask, url: str) -> None:
    settings.CHATTABLE = {**settings.CHATTABLE, "BASE_URL": url, "MAX_REQUESTS": 1}

    assert (await ask()).error == "provider_unavailable"


async def test_without_a_key_the_operator_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch, ask: Ask) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.delenv("OPENAI_BASE_URL")

    answer = await ask()

    assert answer.error == "provider_auth"
    assert "OPENAI_API_KEY" in str(answer.failure)


async def test_a_local_provider_needs_no_key(monkeypatch: pytest.MonkeyPatch, ask: Ask) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")

    assert (await ask(text("Hi"), END)).end == ("Hi", "", "stop")


# F09: upstream falls silent, keep-alives hide it.

PINGS: list[Step] = [step for _ in range(200) for step in (b": ping\n\n", {"delay": 0.05})]
EMPTY: list[Step] = [step for _ in range(200) for step in (delta(content=""), {"delay": 0.05})]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("noise", [PINGS, EMPTY, [{"hang": True}]], ids=["pings", "empty deltas", "nothing"])
@pytest.mark.parametrize("before", [b"", text("Well, ")], ids=["first token", "between tokens"])
async def test_silence_ends_the_answer_in_time_whatever_keeps_the_socket_alive(
    ask: Ask, provider: FakeOpenAI, before: bytes, noise: list[Step]
) -> None:
    started = time.monotonic()

    answer = await ask(before, *noise)

    limit = QUICK["IDLE_SECONDS" if before else "FIRST_TOKEN_SECONDS"]
    assert answer.end == ("Well, " if before else "", "provider_timeout", "")
    assert limit <= time.monotonic() - started < limit + 4
    await provider.until(lambda: provider.requests[-1].closed_by == "client", timeout=2)


@pytest.mark.usefixtures("quick")
async def test_the_head_of_the_response_has_to_come_in_time_too(ask: Ask, provider: FakeOpenAI) -> None:
    answer = await ask({"hang": True}, late_head=True)

    assert (answer.error, len(provider.requests)) == ("provider_timeout", 1)
    await provider.until(lambda: provider.requests[-1].closed_by == "client", timeout=2)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    "token", [text("x"), delta(reasoning="x"), delta(tool_calls=[TOOL])], ids=["text", "reasoning", "tool call"]
)
async def test_an_answer_that_goes_on_may_take_longer_than_every_limit(ask: Ask, token: bytes) -> None:
    steps = [step for _ in range(12) for step in (token, {"delay": 0.2})]

    assert (await ask(*steps, END)).error == ""


async def test_a_cancelled_answer_closes_the_socket_at_once(provider: FakeOpenAI, ours: Provider) -> None:
    provider.script("head", [{"hang": True}])
    provider.script("no head", [{"hang": True}], late_head=True)
    provider.script("text", [text("Hi"), {"hang": True}])
    tasks = [asyncio.create_task(take(ours, Answer(), model=model)) for model in ("head", "no head", "text")]
    await provider.until(lambda: len(provider.requests) == 3)
    await asyncio.sleep(0.1)

    for task in tasks:
        task.cancel()

    await asyncio.wait(tasks)
    await provider.until(lambda: all(record.closed_by == "client" for record in provider.requests), timeout=2)


# What is sent, and how much is held.


async def test_three_hundred_answers_stream_at_once(provider: FakeOpenAI, ours: Provider) -> None:
    provider.script("m", [text("Hi"), {"hang": True}])
    tasks = [asyncio.create_task(take(ours, Answer(), model="m")) for _ in range(300)]

    await provider.until(lambda: sum(record.sent_bytes > 0 for record in provider.requests) == 300, timeout=30)

    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def test_the_request_id_is_kept(ask: Ask) -> None:
    answer = await ask(text("Hi"), END, headers={"x-request-id": "req_7"})

    assert answer.outcome.ledger()["request_id"] == "req_7"


async def test_parameters_go_to_the_provider_but_change_nothing_of_ours(provider: FakeOpenAI, ours: Provider) -> None:
    provider.script("m", [text("Hi"), END])
    answer = Answer()
    ours_too: dict[str, Any] = {"messages": [], "stream": False, "stream_options": None}
    stream = ours.stream(
        model="m",
        messages=[{"role": "user", "content": "Hi"}],
        parameters={"temperature": 0.5, "top_k": 3, "model": "dear", **ours_too},
    )

    async for chunk in stream:
        answer.content += chunk.content

    assert answer.content == "Hi"
    assert provider.requests[-1].body == {
        "model": "m",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.5,
        "top_k": 3,
    }


LINE = b"data: " + b"x" * 100_000


@pytest.mark.parametrize(
    "endless",
    [[LINE] + [b"x" * 100_000] * 300, [LINE + b"\n"] * 300, [b"{\n"] + [b"x" * 100_000 + b"\n"] * 300],
    ids=["line", "event of many lines", "plain JSON"],
)
async def test_an_endless_event_is_given_up_and_the_text_before_it_kept(
    ask: Ask, provider: FakeOpenAI, monkeypatch: pytest.MonkeyPatch, endless: list[Step]
) -> None:
    monkeypatch.setattr(completions, "MAX_EVENT_BYTES", 2**20)

    answer = await ask(text("Well, "), *endless, END)

    assert answer.end == ("Well, ", "provider_error", "")
    assert provider.requests[-1].sent_bytes < 20_000_000, "the rest was not read"


async def test_text_in_the_read_that_is_too_large_is_kept(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completions, "MAX_EVENT_BYTES", 1000)

    answer = await ask(text("Well, ") + b"data: " + b"x" * 2000)

    assert answer.end == ("Well, ", "provider_error", "")


async def test_a_long_answer_of_short_events_is_no_endless_event(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completions, "MAX_EVENT_BYTES", 1000)

    answer = await ask(*[text("0123456789") * 50] * 20, END)

    assert answer.end == ("0123456789" * 1000, "", "stop")


# The list of models.


async def test_models_are_listed_in_order(provider: FakeOpenAI, ours: Provider) -> None:
    assert await ours.models() == ["demo", "demo-fast", "demo-reasoning"]


@pytest.mark.parametrize(
    "body", [b"<html>", b"", b"{}", b"[]", b'{"data": null}', b'{"data": {}}', b"null", b'{"data": ['], ids=repr
)
async def test_a_list_of_models_that_is_none_fails_in_our_words(
    provider: FakeOpenAI, ours: Provider, body: bytes
) -> None:
    provider.script("/v1/models", [body])

    with pytest.raises(AnswerFailed):
        await ours.models()


async def test_models_without_an_id_are_left_out(provider: FakeOpenAI, ours: Provider) -> None:
    provider.script("/v1/models", [b'{"data": [{"id": "b"}, {}, null, {"id": ""}, {"id": "a"}]}'])

    assert await ours.models() == ["a", "b"]


@pytest.mark.parametrize(("status", "code"), [(401, "provider_auth"), (500, "provider_error"), (429, "rate_limited")])
async def test_a_refused_list_of_models_is_a_failure(
    provider: FakeOpenAI, ours: Provider, status: int, code: str
) -> None:
    provider.script("/v1/models", [b'{"error": {"message": "No"}}'], status=status)

    with pytest.raises(AnswerFailed) as raised:
        await ours.models()

    assert raised.value.code == code
