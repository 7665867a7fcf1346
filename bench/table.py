"""The table of a benchmark: each figure on each stack, the ratios, and what it ought to be."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
type Read = Callable[[Json], float | None]


@dataclass(frozen=True)
class Figure:
    """A figure of a scenario, with what it must be and what it should be."""

    title: str
    scenario: str
    read: Read
    must: str
    aim: str
    # Whether less is better.
    less: bool = True
    decimals: int = 1


def at(*keys: str) -> Read:
    """Reads the value below these keys."""

    def read(figures: Json) -> float | None:
        value: Any = figures
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        return None if value is None else float(value)

    return read


def rate(figures: Json) -> float | None:
    """Tokens a second, where nothing was lost."""
    return figures.get("tok_per_s") if not figures.get("lost") else None


FIGURES = (
    Figure("added latency, 1 stream, p50 ms", "one", at("added_ms", "p50"), "≤ 1.5", "≤ 1", decimals=2),
    Figure("added latency, 1 stream, p99 ms", "one", at("added_ms", "p99"), "≤ 6", "≤ 4", decimals=2),
    Figure("100 × 50/s, p50 ms", "100x50", at("added_ms", "p50"), "≤ 10", "≤ 6"),
    Figure("100 × 50/s, p99 ms", "100x50", at("added_ms", "p99"), "≤ 40", "≤ 20"),
    Figure("300 × 50/s, p50 ms", "300x50", at("added_ms", "p50"), "≤ 25", "≤ 12"),
    Figure("300 × 50/s, p95 ms", "300x50", at("added_ms", "p95"), "≤ 100", "≤ 40"),
    Figure("1,000 × 10/s, p95 ms", "1000x10", at("added_ms", "p95"), "≤ 150", "≤ 100"),
    Figure("1,000 × 10/s, complete", "1000x10", at("done"), "1,000", "1,000", less=False, decimals=0),
    Figure("sustained tokens/s, 0 lost", "sustained", rate, "≥ 10,000", "≥ 12,000", less=False, decimals=0),
    Figure("sustained, p95 ms", "sustained", at("added_ms", "p95"), "", "≤ 100"),
    Figure("CPU per 1,000 tokens at 100, ms", "100x50", at("cpu_ms_per_1k_tok"), "≤ 150", "≤ 110"),
    Figure("CPU per 1,000 tokens at 300, ms", "300x50", at("cpu_ms_per_1k_tok"), "≤ 110", "≤ 70"),
    Figure("CPU per message, ms", "message", at("cpu_ms_per_message"), "≤ 12", "≤ 6"),
    Figure("one long answer, tokens/s", "long20k", at("tok_per_s"), "≥ 8,000", "≥ 15,000", less=False, decimals=0),
    Figure("one twice as long, s", "long40k", at("span_s"), "≤ 2.1 × the next", "", decimals=2),
    Figure("one long answer, s", "long20k", at("span_s"), "", "", decimals=2),
    Figure("first token, idle, p50 ms", "first", at("ttft_ms", "p50"), "≤ 20", "≤ 14"),
    Figure("first token, 100 streams, p50 ms", "100x50", at("ttft_ms", "p50"), "≤ 50", "≤ 40"),
    Figure("first token, 300 streams, p50 ms", "300x50", at("ttft_ms", "p50"), "≤ 120", "≤ 80"),
    Figure("bytes per token", "100x50", at("bytes_per_token"), "≤ 110", "falling"),
    Figure("memory per idle socket, kB", "sockets", at("kb_per_socket"), "≤ 60", "≤ 40"),
    Figure("database connections with 500 idle sockets", "sockets", at("connections"), "the pools'", "", decimals=0),
    Figure("memory per running answer, kB", "answers", at("kb_per_answer"), "≤ 300", "≤ 150"),
    Figure("statements a second beside", "statements", at("statements_per_s"), "≤ 2 checkpoints", ""),
    Figure("statements per answer, the turn's with them", "statements", at("statements_per_answer"), "", ""),
    Figure("reads, 10⁶ against 10³ messages", "history", at("most_growth"), "≤ 1.2 ×", "", decimals=2),
    Figure("two web, two workers: p95 ms", "scaleout", at("added_ms", "p95"), "", ""),
    Figure("two web, two workers: CPU per 1,000, ms", "scaleout", at("cpu_ms_per_1k_tok"), "", ""),
)


def table(figures: Sequence[Json]) -> str:
    """All figures in markdown; of two runs both are shown, and the better counts for the ratio."""
    lines = [
        "| figure | naive | Chainlit | Chattable | to naive | to Chainlit | must | aim |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [_line(figure, figures) for figure in FIGURES if any(f["scenario"] == figure.scenario for f in figures)]
    return "\n".join([*lines, "", *_notes(figures)])


def _line(figure: Figure, figures: Sequence[Json]) -> str:
    values = {stack: _values(figure, figures, stack) for stack in ("naive", "chainlit", "chattable")}
    shown = [" / ".join(f"{value:,.{figure.decimals}f}" for value in values[stack]) or "—" for stack in values]
    ratios = [_ratio(figure, values["chattable"], values[stack]) for stack in ("naive", "chainlit")]
    return f"| {' | '.join([figure.title, *shown, *ratios, figure.must, figure.aim])} |"


def _values(figure: Figure, figures: Sequence[Json], stack: str) -> list[float]:
    runs = [one for one in figures if (one["adapter"], one["scenario"]) == (stack, figure.scenario)]
    return [value for one in runs if (value := figure.read(one)) is not None]


def _ratio(figure: Figure, ours: Sequence[float], theirs: Sequence[float]) -> str:
    if not ours or not theirs:
        return "—"
    best = min if figure.less else max
    here, there = best(ours), best(theirs)
    if figure.less:
        here, there = there, here
    return f"{here / there:.1f} ×" if there else "—"


def _notes(figures: Sequence[Json]) -> list[str]:
    """What failed, and loads that were smaller for a stack."""
    failed = [f"{one['adapter']} {one['label']}: {one['failed']}" for one in figures if one.get("failed")]
    lossy = [
        f"{one['adapter']} {one['label']}: {one['lost']} of {one['tokens_expected']} tokens lost, "
        f"{one['dups']} doubled, {one['done']} of {one['c']} answers ended"
        for one in figures
        if one.get("lost") or one.get("dups")
    ]
    return [*failed, *lossy]
