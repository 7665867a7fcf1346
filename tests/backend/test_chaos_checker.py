"""The checker of `make chaos`: it finds each planted fault, and nothing in a sound history."""

from typing import Any

import pytest

from chaos.history import History, judge, truth
from chaos.promise import Measured, Scale

SHORT = Scale(name="short", share=0.01, slack=2)
MODEL = "count-n3-r0"


@pytest.fixture
def history() -> History:
    """Two turns that were sent, answered, read and stored, with a fault between them."""
    history = History()
    for turn in ("one", "two"):
        history.note("send", id=turn, chat="c", content=f"turn {turn}", model=MODEL)
        history.note("sent", id=turn, answer=f"answer {turn}")
        history.note("fault", name="kill worker")
        history.note("shown", id=f"answer {turn}", rev=0, model=MODEL, status="complete", content="1 2 3 ")
    for turn in ("one", "two"):
        stored(history, id=turn, parent=None, role="user", content=f"turn {turn}")
        stored(history, id=f"answer {turn}", parent=turn)
        history.note("asked", id=turn, content=f"turn {turn}", times=1)
    return history


def stored(history: History, **facts: Any) -> None:
    """Note a message of the database, by default the answer "1 2 3 "."""
    default = {"chat": "c", "role": "assistant", "model": MODEL, "rev": 0, "status": "complete", "content": "1 2 3 "}
    history.note("stored", **{**default, **facts})


def faults(history: History, *, most_requests: int = 1) -> list[str]:
    return [failure.fault for failure in judge(history.events, most_requests=most_requests)]


def change(history: History, kind: str, key: str, **facts: Any) -> None:
    """Plant a fault in the first event of the kind about the message."""
    next(event for event in history.events if event["kind"] == kind and event["id"] == key).update(facts)


def forget(history: History, kind: str, key: str) -> None:
    history.events[:] = [event for event in history.events if (event["kind"], event.get("id")) != (kind, key)]


def test_a_sound_history_has_no_fault(history: History) -> None:
    assert faults(history) == []


def test_a_confirmed_message_that_is_not_stored_is_lost(history: History) -> None:
    forget(history, "stored", "one")

    assert "a confirmed message is lost" in faults(history)


def test_a_message_that_was_never_confirmed_may_be_missing(history: History) -> None:
    for kind, key in (("stored", "one"), ("stored", "answer one"), ("sent", "one"), ("shown", "answer one")):
        forget(history, kind, key)

    assert faults(history) == []


def test_a_turn_that_was_changed_is_found(history: History) -> None:
    change(history, "stored", "one", content="turn on")

    assert "a message was changed" in faults(history)


def test_a_doubled_turn_is_found(history: History) -> None:
    stored(history, id="three", parent="answer one", role="user", content="turn one")

    assert "one send made two messages" in faults(history)


def test_a_doubled_answer_is_found(history: History) -> None:
    stored(history, id="again", parent="one")

    assert faults(history) == ["a message has 2 answers"]


def test_a_turn_without_an_answer_is_found(history: History) -> None:
    forget(history, "stored", "answer two")
    forget(history, "shown", "answer two")

    assert faults(history) == ["a message has 0 answers"]


def test_a_second_request_of_the_provider_is_found(history: History) -> None:
    change(history, "asked", "two", times=2)

    assert faults(history) == ["the provider was asked 2 times for one message"]
    assert faults(history, most_requests=2) == []


@pytest.mark.parametrize("content", ["1 3 ", "1 2 2 3 ", "1 2 3 1 2 3 ", "2 3 "])
def test_a_hole_or_a_repeat_is_found(history: History, content: str) -> None:
    change(history, "stored", "answer one", content=content, status="stopped")
    change(history, "shown", "answer one", content=content, status="stopped")

    assert faults(history) == ["an answer has a wrong text"]


def test_half_an_answer_is_not_complete(history: History) -> None:
    change(history, "stored", "answer one", content="1 2 ")
    change(history, "shown", "answer one", content="1 2 ")

    assert faults(history) == ["an answer is called complete and is not whole"]


@pytest.mark.parametrize("status", ["queued", "streaming"])
def test_an_answer_that_spins_for_ever_is_found(history: History, status: str) -> None:
    change(history, "stored", "answer one", status=status)
    change(history, "shown", "answer one", status=status)

    assert faults(history) == ["an answer has no end"]


def test_a_tab_that_shows_something_else_is_found(history: History) -> None:
    change(history, "shown", "answer two", content="1 2 ")

    assert faults(history) == ["a tab shows something else than is stored"]


def test_what_a_tab_has_misread_on_the_way_is_found(history: History) -> None:
    history.note("misread", id="answer one", fault="torn", content="1 3 ")

    assert faults(history) == ["a tab has shown a wrong text: torn"]


def test_texts_of_two_attempts_do_not_mix(history: History) -> None:
    change(history, "stored", "answer one", model="twice-n3-x", content="a1 a2 b3 ")
    forget(history, "shown", "answer one")

    assert truth("twice-n3-x", "b") == "b1 b2 b3 "
    assert faults(history) == ["an answer has a wrong text"]


def test_the_smallest_failing_history_comes_first_with_the_faults_of_its_time(history: History) -> None:
    for n in range(5):
        stored(history, id=f"again {n}", parent="one")
    change(history, "asked", "two", times=9)

    smallest, *_ = judge(history.events, most_requests=1)

    assert smallest.fault.startswith("the provider was asked 9 times")
    kinds = [event["kind"] for event in smallest.events]
    assert "fault" in kinds
    assert {event.get("id") for event in smallest.events} >= {"two", "answer two"}
    assert "one" not in {event.get("id") for event in smallest.events}
    assert len(str(smallest).splitlines()) == 1 + len(smallest.events)


def test_times_have_slack_and_counts_have_none() -> None:
    measured = Measured()

    measured.within("stop", [0.5, 1.9], goal=1, scale=SHORT)
    assert not measured.late
    measured.within("stop", [0.5, 2.1], goal=1, scale=SHORT)
    assert measured.late
    measured.expect(False, "lost")
    assert measured.faults == ["lost"]


@pytest.mark.parametrize(("part", "value"), [(0.95, 95), (1.0, 100), (0.5, 50)])
def test_a_part_of_all_is_within_its_quantile(part: float, value: int) -> None:
    measured = Measured()

    measured.within("n", range(1, 101), goal=value, part=part, scale=Scale(name="full", share=1))
    assert not measured.late
    measured.within("n", range(1, 101), goal=value - 1, part=part, scale=Scale(name="full", share=1))
    assert measured.late


def test_nothing_measured_is_a_fault() -> None:
    measured = Measured()

    measured.within("stop", [], goal=1, scale=SHORT)

    assert measured.faults
