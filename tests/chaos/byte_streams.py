"""The promise of the provider's bytes: any stream is survived, and none is called finished without its end."""

import logging
import random
import time

from chaos.promise import Measured, Promise, Scale
from chaos.scene import Scene
from chattable.completions import Reader
from chattable.exceptions import AnswerFailed
from fake_openai import DONE, delta, finish, sse, text

HELLO = "日本語 naïve 🦀 👩‍👩‍👧"
CASES: dict[str, bytes] = {
    "plain": text("Hi") + text(HELLO) + finish() + DONE,
    "crlf": (text("Hi") + text(HELLO) + finish() + DONE).replace(b"\n", b"\r\n"),
    "cr": (text("Hi") + finish() + DONE).replace(b"\n", b"\r"),
    "comments": b": ping\n\n" + text("Hi") + b": ping\nid: 1\nretry: 5\n\n" + text("!") + finish() + DONE,
    "bom": b"\xef\xbb\xbf" + text("Hi") + finish() + DONE,
    "reasoning": delta(reasoning_content="Hm. ") + text("Hi") + finish("length") + DONE,
    "tools": delta(tool_calls=[{"index": 0, "function": {"name": "f", "arguments": "{"}}]) + finish("tool_calls"),
    "usage": text("Hi") + finish() + sse({"choices": [], "usage": {"prompt_tokens": 1, "total_tokens": 2}}) + DONE,
    "error": text("Hi") + b'event: error\ndata: {"error": {"message": "no", "code": 429}}\n\n',
    "halves": rb'data: {"choices": [{"delta": {"content": "\ud83e"}}]}' + b"\n\n" + text("x") + finish() + DONE,
    "one object": b'{"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}',
    "no end": text("Hi") + text(HELLO),
    "nothing": b"",
    "html": b"<html><body>502 Bad Gateway</body></html>",
}
PIECES = (b"\n", b"\r", b"\r\n\r\n", b"data: ", b"data:", b"{", b"}", b'"', b"\\u", b"\xff", b"\x00", b"[DONE]", b"NaN")
ENDS = (b"[DONE]", b"finish_reason")


def read(pieces: list[bytes]) -> tuple[str, str, str]:
    """What is read of the pieces, one network read each: both texts, and the code of the failure if there is one."""
    reader, chunks = Reader(), []
    for piece in pieces:
        chunks.append(reader.feed(piece))
        if reader.has_ended:
            break
    else:
        chunks.append(reader.end())
    content, reasoning = ("".join(getattr(chunk, name) for chunk in chunks) for name in ("content", "reasoning"))
    try:
        reader.check()
    except AnswerFailed as failure:
        return content, reasoning, failure.code
    return content, reasoning, ""


def mutated(chance: random.Random) -> bytes:
    """A stream with some bytes changed, lost, doubled, moved or put in."""
    body = bytearray(chance.choice(list(CASES.values())) + chance.choice(list(CASES.values())))
    for _ in range(chance.randint(1, 6)):
        place, other = chance.randint(0, len(body)), chance.randint(0, len(body))
        low, high = min(place, other), max(place, other)
        match chance.randrange(5):
            case 0 if place < len(body):
                body[place] = chance.randrange(256)
            case 1:
                body[place:place] = chance.choice(PIECES)
            case 2:
                del body[low : min(high, low + 12)]
            case 3:
                body[place:place] = body[low : min(high, low + 40)]
            case _:
                del body[place:]
    return bytes(body)


def cut_up(body: bytes, chance: random.Random) -> list[bytes]:
    """The body in up to five network reads."""
    places = sorted(chance.randint(0, len(body)) for _ in range(chance.randint(0, 4)))
    return [body[start:stop] for start, stop in zip([0, *places], [*places, len(body)], strict=True)]


async def survive(scene: Scene, scale: Scale) -> Measured:
    """Every case at every cut, then mutated ones; only `AnswerFailed` may be raised."""
    measured = Measured()
    logging.getLogger("chattable.completions").setLevel(logging.ERROR)
    cuts = 0
    for name, body in CASES.items():
        whole = read([body])
        for place in range(len(body) + 1):
            cuts += 1
            found = read([body[:place], body[place:]])
            measured.expect(found == whole, f"{name} cut at {place} reads {found} instead of {whole}")
    streams = 10**6 if scale.is_long else 10_000
    chance, started, longest = random.Random(15), time.monotonic(), 0
    for _ in range(streams):
        body = mutated(chance)
        try:
            content, reasoning, failure = read(cut_up(body, chance))
        except Exception as error:
            measured.faults.append(f"{type(error).__name__}: {error} from {body!r}")
            break
        longest = max(longest, len((content + reasoning).encode(errors="replace")) - len(body))
        if not failure and not any(end in body for end in ENDS):
            measured.faults.append(f"finished without an end: {body!r}")
    measured.expect(longest <= 0, f"a text is {longest} bytes longer than its stream")
    measured.note(f"{cuts} cuts of {len(CASES)} cases, {streams:,} mutated streams at")
    measured.figures += f" {streams / (time.monotonic() - started):,.0f}/s, {len(measured.faults)} failures"
    return measured


PROMISES = (
    Promise(
        number=15,
        title="Any provider byte stream survives",
        goal="every case at every cut; 10⁴ mutated streams (10⁶ in the long form): no exception, no false end",
        run=survive,
        setting=None,
    ),
)
