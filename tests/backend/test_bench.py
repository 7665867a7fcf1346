"""The benchmark's own eyes: what its client counts, and what its table says of it."""

from typing import Any

import pytest

from bench.client import Session, now_us
from bench.table import table


def tokens(*numbers: int) -> str:
    """Text as the benchmark's provider streams it."""
    return "".join(f"{number}:{now_us()} " for number in numbers)


def test_tokens_are_counted_however_the_text_is_cut() -> None:
    session = Session("bench-n3-i0")

    for character in tokens(0, 1, 2):
        session.feed(character)

    assert (session.tokens, session.doubled) == (3, 0)
    assert all(0 <= latency < 10**6 for latency in session.latencies)


def test_a_lost_token_is_missing_in_the_count() -> None:
    session = Session("bench-n3-i0")

    session.feed(tokens(0, 2))

    assert (session.tokens, session.doubled) == (2, 0)


@pytest.mark.parametrize("again", [(1,), (0, 1, 2)])
def test_tokens_that_come_twice_are_doubled(again: tuple[int, ...]) -> None:
    session = Session("bench-n3-i0")

    session.feed(tokens(0, 1, 2))
    session.feed(tokens(*again))

    assert (session.tokens, session.doubled) == (3, len(again))


@pytest.mark.parametrize(("size", "head"), [(125, 2), (126, 4), (65_536, 10)])
def test_a_frame_costs_its_head_too(size: int, head: int) -> None:
    session = Session("m")

    session.frame("x" * size)

    assert session.bytes == size + head


def run(stack: str, scenario: str, **figures: Any) -> dict[str, Any]:
    return {"adapter": stack, "scenario": scenario, "label": f"{scenario}-1", "lost": 0, "dups": 0, **figures}


def test_the_better_of_two_runs_makes_the_ratio() -> None:
    found = table(
        [
            run("chainlit", "one", added_ms={"p50": 3.0}),
            run("chattable", "one", added_ms={"p50": 4.0}),
            run("chattable", "one", added_ms={"p50": 1.5}),
        ]
    )

    [line] = [line for line in found.splitlines() if "1 stream, p50" in line]
    assert line.split(" | ")[2:6] == ["3.00", "4.00 / 1.50", "—", "2.0 ×"]


def test_more_tokens_a_second_are_better_but_not_where_some_are_lost() -> None:
    found = table(
        [
            run("naive", "sustained", tok_per_s=100),
            run("chattable", "sustained", tok_per_s=900),
            run("chattable", "sustained", tok_per_s=2000, lost=3, c=9, done=9, tokens_expected=90),
        ]
    )

    [line] = [line for line in found.splitlines() if "sustained tokens/s" in line]
    assert line.split(" | ")[3:5] == ["900", "9.0 ×"]
    assert "3 of 90 tokens lost" in found


def test_a_run_that_failed_is_named() -> None:
    assert "naive one-1: TimeoutError" in table([run("naive", "one", failed="TimeoutError: no end")])
