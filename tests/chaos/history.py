"""The history of a run, as JSON lines, and the checker that judges it afterwards.

What is noted, each with the time `at` and the message's key `id` where it is about one:

- `send` {chat, content, model}: a person asks; `sent` {answer}: the server has confirmed it.
- `fault` {name}: the nemesis strikes.
- `asked` {content, times}: so many requests of the provider were for this turn.
- `shown` {rev, model, status, content}: what a tab shows in the end; `misread`: what it should never have shown.
- `stored` {chat, parent, role, model, rev, status, content}: what the database holds in the end.
"""

import json
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

type Event = dict[str, Any]

RUNNING = ("queued", "streaming")
COUNTING = re.compile(r"count-n(\d+)-r\d+")
TWICE = re.compile(r"twice-n(\d+)-\w+")


def truth(model: str, content: str) -> str | None:
    """The whole answer of this model; of one that says something else each time, the one that begins so."""
    if counting := COUNTING.fullmatch(model):
        return numbers(int(counting[1]))
    if twice := TWICE.fullmatch(model):
        return numbers(int(twice[1]), letter=content[:1])
    return None


@lru_cache(maxsize=200)
def numbers(last: int, *, letter: str = "") -> str:
    """The numbers up to the last, as the models say them."""
    return "".join(f"{letter}{n} " for n in range(1, last + 1))


class History:
    """What was done and seen, in order; also in a file, if one is named."""

    def __init__(self, path: Path | None = None) -> None:
        self.events: list[Event] = []
        self._file = path.open("w", buffering=1) if path else None

    def note(self, kind: str, **facts: Any) -> None:
        """Add an event."""
        event = {"kind": kind, "at": round(time.time(), 4), **facts}
        self.events.append(event)
        if self._file:
            self._file.write(json.dumps(event) + "\n")

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()


@dataclass(frozen=True)
class Failure:
    """What is wrong with one message, and the events that show it."""

    fault: str
    events: list[Event] = field(compare=False)

    def __str__(self) -> str:
        lines = [json.dumps({**event, **_shortened(event)}) for event in self.events]
        return "\n    ".join([self.fault, *lines])


def _shortened(event: Event) -> Mapping[str, Any]:
    text = str(event.get("content", ""))
    return {"content": f"{text[:60]}…{text[-60:]} ({len(text)})"} if len(text) > 150 else {}


def judge(events: Iterable[Event], *, most_requests: int) -> list[Failure]:
    """All failures of a history, the one with the shortest history first."""
    events = list(events)
    failures = [
        Failure(fault, _story(events, keys))
        for fault, keys in (*_of_turns(events, most_requests), *_of_answers(events))
    ]
    return sorted(failures, key=lambda failure: len(failure.events))


def _story(events: list[Event], keys: set[str]) -> list[Event]:
    """The events about these messages, and the faults in the time between them."""
    own = [event for event in events if keys & {event.get("id"), event.get("parent"), event.get("answer")}]
    first, last = min(event["at"] for event in own), max(event["at"] for event in own)
    return [event for event in events if event in own or (event["kind"] == "fault" and first <= event["at"] <= last)]


def _of_turns(events: list[Event], most_requests: int) -> Iterator[tuple[str, set[str]]]:
    """Turns that were lost, changed or doubled, and those with no answer or with several."""
    sends = {event["id"]: event for event in events if event["kind"] == "send"}
    confirmed = {event["id"] for event in events if event["kind"] == "sent"}
    stored = [event for event in events if event["kind"] == "stored"]
    turns, answers, texts = defaultdict(list), defaultdict(list), defaultdict(list)
    for message in stored:
        if message["role"] == "user":
            turns[message["id"]].append(message)
            texts[message["content"]].append(message["id"])
        else:
            answers[message["parent"]].append(message["id"])
    asked = {event["content"]: event["times"] for event in events if event["kind"] == "asked"}
    for key, send in sends.items():
        if key not in turns:
            if key in confirmed:
                yield "a confirmed message is lost", {key}
            continue
        if turns[key][0]["content"] != send["content"]:
            yield "a message was changed", {key}
        if len(turns[key]) > 1 or len(texts[send["content"]]) > 1:
            yield "one send made two messages", {key, *texts[send["content"]]}
        if len(answers[key]) != 1:
            yield f"a message has {len(answers[key])} answers", {key, *answers[key]}
        if asked and asked.get(send["content"], 0) > most_requests:
            yield f"the provider was asked {asked[send['content']]} times for one message", {key}


def _of_answers(events: list[Event]) -> Iterator[tuple[str, set[str]]]:
    """Answers with a wrong text, without an end, or shown otherwise than stored."""
    stored = {event["id"]: event for event in events if event["kind"] == "stored"}
    for answer in stored.values():
        if answer["role"] == "assistant" and (fault := fault_of(answer, is_over=True)):
            yield fault, {answer["id"]}
    for event in events:
        if event["kind"] == "misread":
            yield f"a tab has shown a wrong text: {event['fault']}", {event["id"]}
        elif event["kind"] == "shown":
            here, there = ((e.get("status"), e.get("content")) for e in (event, stored.get(event["id"], {})))
            if here != there:
                yield "a tab shows something else than is stored", {event["id"]}


def fault_of(answer: Mapping[str, Any], *, is_over: bool = False) -> str:
    """What is wrong with an answer as it is shown or stored, or nothing."""
    whole = truth(answer["model"], answer["content"])
    if is_over and answer["status"] in RUNNING:
        return "an answer has no end"
    if whole is None:
        return ""
    if not whole.startswith(answer["content"]):
        return "an answer has a wrong text"
    if answer["status"] == "complete" and answer["content"] != whole:
        return "an answer is called complete and is not whole"
    return ""
