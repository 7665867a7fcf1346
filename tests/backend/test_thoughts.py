"""Thinking that comes as text is told from the answer, wherever the stream is cut, and literal tags survive (F07)."""

import json
import time
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.factories import ChatFactory
from backend.listener import listening, wait_until
from backend.workers import Worker, fresh, until
from chattable.models import Chat, Status
from chattable.thoughts import Thoughts
from fake_openai import END, FakeOpenAI, Step, delta, finish, text

type Texts = tuple[str, str]


def read(pieces: Iterable[str]) -> Texts:
    """The content and the reasoning that a reader ends with."""
    return [("", ""), *shown(pieces)][-1]


def shown(pieces: Iterable[str]) -> Iterator[Texts]:
    """What a reader sees after each piece, and at the end."""
    thoughts, content, reasoning = Thoughts(), "", ""
    for piece in pieces:
        parts = thoughts.split(piece, "", before=partial(str, content)) if thoughts.is_open else None
        if parts and parts.rewinds:
            content = reasoning = ""
        content += parts.content if parts else piece
        reasoning += parts.reasoning if parts else ""
        yield content, reasoning
    end = thoughts.end()
    yield content + end.content, reasoning + end.reasoning


def cuts(whole: str) -> Iterator[list[str]]:
    """The text in two pieces, cut at every place, and in single characters."""
    for position in range(1, len(whole)):
        yield [whole[:position], whole[position:]]
    yield list(whole)


# What is meant, from the text as it comes to the content and the reasoning.
THINKING = {
    "<think>plan</think>Answer": ("Answer", "plan"),
    "<think>\nplan\n</think>\n\nAnswer": ("Answer", "plan\n"),
    " \n<think> plan</think> Answer": ("Answer", "plan"),
    "<think></think>Answer": ("Answer", ""),
    "<think>\n\n</think>\n\nAnswer": ("Answer", ""),
    "<think>a < b, </thin, <think></think>Answer": ("Answer", "a < b, </thin, <think>"),
    "<think>plan": ("", "plan"),
    "<think>plan</thi": ("", "plan</thi"),
    "<think>": ("", ""),
    "plan</think>Answer": ("Answer", "plan"),
    "plan a < b\n</think>\n\nAnswer": ("Answer", "plan a < b\n"),
    "a `b` ```c``` </think>Answer": ("Answer", "a `b` ```c``` "),
    "plan</think>": ("", "plan"),
    "</think>Answer": ("Answer", ""),
    "\n</think>\n\nAnswer": ("Answer", ""),
}
LITERAL = [
    "Models write `<think>` first and `</think>` last.",
    "Close it with `</think>` in the end.",
    "```html\n<think>plan</think>\n```\nThat is all.",
    "```\n</think>\n```",
    "~~~\n</think>\n~~~",
    "The tag <think> opens and </think> closes.",
    "a < b <thin </ think> </thinking",
    "<thinker>x</thinker>",
    "<thi",
    "</thi",
    " \n ",
    "A</",
    "",
]
AFTER = "<think>plan</think>Tags: <think> and </think>, `</think>` too."


@pytest.mark.parametrize(("whole", "meant"), THINKING.items())
def test_thoughts_and_answer_are_told_apart_at_every_cut(whole: str, meant: Texts) -> None:
    assert read([whole]) == meant
    assert {read(pieces) for pieces in cuts(whole)} <= {meant}


@pytest.mark.parametrize("whole", LITERAL)
def test_literal_tags_survive_at_every_cut(whole: str) -> None:
    assert read([whole]) == (whole, "")
    assert {read(pieces) for pieces in cuts(whole)} <= {(whole, "")}


def test_after_the_thoughts_tags_are_literal_at_every_cut() -> None:
    assert {read(pieces) for pieces in cuts(AFTER)} == {("Tags: <think> and </think>, `</think>` too.", "plan")}


@pytest.mark.parametrize("whole", [whole for whole in THINKING if whole.lstrip().startswith("<think>")] + LITERAL)
def test_from_the_first_piece_on_nothing_is_shown_that_is_taken_back(whole: str) -> None:
    for pieces in cuts(whole):
        seen = list(shown(pieces))
        for (content, reasoning), (later, more) in pairwise(seen):
            assert later.startswith(content)
            assert more.startswith(reasoning)


PIECES = st.lists(
    st.sampled_from(
        ["<think>", "</think>", "<", "</", "thi", "nk>", " ", "\n", "plan", "é🦀", "`", "```", "~~~", "a<b"]
    )
)


@given(PIECES, st.data())
def test_any_text_reads_the_same_however_it_is_cut(words: list[str], data: st.DataObject) -> None:
    whole = "".join(words)
    marks = sorted(data.draw(st.sets(st.integers(0, len(whole)))) | {0, len(whole)})

    assert read(whole[start:end] for start, end in pairwise(marks)) == read([whole])


@given(PIECES)
def test_no_character_is_lost_but_tags_and_the_space_around_them(words: list[str]) -> None:
    whole = "".join(words)
    content, reasoning = read([whole])

    assert whole.endswith(content)
    assert whole.removesuffix(content).replace("<think>", "").replace("</think>", "").split() == (
        reasoning.replace("<think>", "").split()
    )


def test_once_there_is_no_doubt_nothing_is_searched() -> None:
    for whole in (AFTER, LITERAL[0], "plan</think>Answer"):
        thoughts = Thoughts()
        thoughts.split(whole, "", before=str)
        assert not thoughts.is_open


# Through the engine.

engine = pytest.mark.usefixtures("quick", "transactional_db")


def told(pieces: Iterable[str]) -> list[Step]:
    """A stream of these pieces of text, each in a network read of its own."""
    return [step for piece in pieces for step in (text(piece), {"delay": 0.01})]


def texts(message: Any) -> Texts:
    return message.content, message.reasoning


@engine
@pytest.mark.parametrize("whole", ["<think>plan</think>Answer", "plan</think>Answer", LITERAL[0], "<think>plan"])
def test_what_pages_saw_grow_is_what_is_stored(whole: str, chat: Chat, worker: Worker, provider: FakeOpenAI) -> None:
    meant = THINKING.get(whole, (whole, ""))
    for pieces in ([whole[:3], whole[3:9], whole[9:]], list(whole), [whole]):
        chat = ChatFactory.create()
        provider.reset()
        provider.script("m", [*told(pieces), END])
        with listening(chat.group) as listener:
            answer = worker.answer(chat.send("Hi").answer)
            wait_until(lambda seen=listener: '"complete"' in "".join(seen.frames[-1:]), seconds=20)  # type: ignore[misc]

        seen = listener.fold.messages[str(answer.pk)]
        assert (answer.status, texts(answer)) == (Status.COMPLETE, meant)
        assert ((seen["content"], seen["reasoning"]), seen["rev"]) == (meant, answer.rev)
        assert listener.fold.gaps == []


@engine
def test_a_lone_closing_tag_begins_the_texts_anew_under_the_next_rev(
    chat: Chat, worker: Worker, provider: FakeOpenAI
) -> None:
    provider.script("m", [text("pl"), {"delay": 0.3}, text("an</think>An"), {"delay": 0.3}, text("swer"), END])
    answer = chat.send("Hi").answer
    worker.take(answer)

    until(lambda: texts(fresh(answer)) == ("pl", "") and fresh(answer).rev == 0)
    until(lambda: texts(fresh(answer)) == ("An", "plan") and fresh(answer).rev == 1)
    answer = worker.settle(answer)

    assert (texts(answer), answer.rev) == (("Answer", "plan"), 1)


@engine
@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_where_the_provider_tells_thoughts_apart_tags_are_literal(
    field: str, chat: Chat, worker: Worker, provider: FakeOpenAI
) -> None:
    provider.script("m", [delta(**{field: "plan"}), *told(["<thi", "nk> is a", " tag</think>"]), END])

    answer = worker.answer(chat.send("Hi").answer)

    assert (texts(answer), answer.rev) == (("<think> is a tag</think>", "plan"), 0)


@engine
@pytest.mark.parametrize(
    "thinking",
    [
        [delta(reasoning="pl"), {"delay": 0.4}, delta(reasoning="an"), text("Answer")],
        [text("<think>pl"), {"delay": 0.4}, text("an</think>"), text("Answer")],
        [text("pl"), {"delay": 0.4}, text("an</think>Answer")],
    ],
)
def test_how_long_the_model_thought_is_stored_and_told(
    thinking: list[Step], chat: Chat, worker: Worker, provider: FakeOpenAI
) -> None:
    provider.script("m", [{"delay": 0.3}, *thinking, {"delay": 0.6}, text("."), END])
    started = time.monotonic()

    with listening(chat.group) as listener:
        answer = worker.answer(chat.send("Hi").answer)
        wait_until(lambda: '"complete"' in "".join(listener.frames[-1:]), seconds=20)

    whole = (time.monotonic() - started) * 1000
    assert texts(answer) == ("Answer.", "plan")
    assert 350 <= (fresh(answer).reasoning_ms or 0) < whole - 900
    assert listener.fold.messages[str(answer.pk)]["reasoning_ms"] == answer.reasoning_ms


@engine
def test_an_answer_without_thoughts_has_no_time_of_thinking(chat: Chat, worker: Worker, provider: FakeOpenAI) -> None:
    provider.script("m", [text("Ans"), {"delay": 0.1}, text("wer"), END])

    assert worker.answer(chat.send("Hi").answer).reasoning_ms is None


@engine
def test_thoughts_without_an_answer_are_no_answer(chat: Chat, worker: Worker, provider: FakeOpenAI) -> None:
    provider.script("m", [*told(["<think>", "plan", "</thi"]), finish("length")])

    answer = worker.answer(chat.send("Hi").answer)

    assert (texts(answer), answer.status, answer.finish_reason) == (("", "plan</thi"), Status.COMPLETE, "length")


@engine
@pytest.mark.parametrize("end", ["stopped", "failed"])
def test_what_was_held_back_is_kept_when_the_answer_ends_early(
    end: str, chat: Chat, worker: Worker, provider: FakeOpenAI
) -> None:
    provider.script("m", [text("if a "), text("</"), {"hang": True} if end == "stopped" else {"reset": True}])
    answer = chat.send("Hi").answer
    worker.take(answer)
    until(lambda: fresh(answer).content or not fresh(answer).is_running)

    answer.stop()

    answer = worker.settle(answer)
    assert (answer.status, answer.content) == (end, "if a </")


@engine
def test_only_the_answer_goes_into_the_next_request(chat: Chat, worker: Worker, provider: FakeOpenAI) -> None:
    provider.script("m", [text("plan</think>Yes"), END])
    worker.answer(chat.send("Hi").answer)

    worker.answer(chat.send("Again").answer)

    assert [message["content"] for message in provider.requests[-1].body["messages"]] == ["Hi", "Yes", "Again"]
    assert "plan" not in json.dumps(provider.requests[-1].body)
