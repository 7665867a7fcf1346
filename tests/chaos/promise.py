"""The shape of a promise, how large it is tried, and the table of what was measured."""

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chaos.scene import Scene


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How large a run is."""

    name: str
    # The part of the full counts.
    share: float
    # By how much times may be exceeded: machines of a CI are busy.
    slack: float = 1.0
    # Real time instead of scaled time, and counts by the million.
    is_long: bool = False

    def count(self, full: int, *, least: int = 1) -> int:
        """So many of the full count."""
        return max(least, round(full * self.share))


@dataclass
class Measured:
    """What a run found: figures, faults that no machine excuses, and times that were too long."""

    figures: str = ""
    faults: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)

    def within(self, name: str, seconds: Sequence[float], *, goal: float, part: float = 1.0, scale: Scale) -> None:
        """Note the time that `part` of all have stayed within, and whether that is the goal."""
        if not seconds:
            self.faults.append(f"{name}: nothing was measured")
            return
        value = quantile(seconds, part)
        whom = "all" if part == 1 else f"{part:.0%}"
        self.note(f"{name} {whom} ≤ {value:.2f} s of {len(seconds)}")
        if value > goal * scale.slack:
            self.late.append(f"{name}: {whom} within {value:.2f} s instead of {goal:g} s")

    def note(self, figure: str) -> None:
        """Add a figure."""
        self.figures += ("; " if self.figures else "") + figure

    def expect(self, fine: object, fault: str) -> None:
        """Note the fault unless it is fine."""
        if not fine:
            self.faults.append(fault)


def quantile(values: Sequence[float], part: float) -> float:
    """The value that `part` of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """The stack that promises share: its values of CHATTABLE and its channel layer."""

    name: str
    chattable: dict[str, Any] = field(default_factory=dict, hash=False)
    layer: str = ""


CALM = Setting(name="calm")
# A seventh of the product's times: lease 15 s, sweep 5 s, requeue 10 s, silence 60 s.
TIMES = 7.5
SCALED = Setting(
    name="scaled",
    chattable={
        "LEASE_SECONDS": 2.0,
        "HEARTBEAT_SECONDS": 0.2,
        "SWEEP_SECONDS": 0.67,
        "REQUEUE_SECONDS": 1.33,
        "IDLE_SECONDS": 8.0,
        "FIRST_TOKEN_SECONDS": 8.0,
        "RETRY_AFTER_SECONDS": 4.0,
        "MAX_ATTEMPTS": 20,
    },
)
LOSSY = Setting(name="lossy", layer="chaos.layer.LossyLayer")


@dataclass(frozen=True, kw_only=True)
class Promise:
    """One promise and how it is tried."""

    number: int
    title: str
    goal: str
    run: Callable[["Scene", Scale], Awaitable[Measured]]
    setting: Setting | None = CALM
    # Whether SQLite has a say in it too.
    is_stored: bool = False


@dataclass(frozen=True, kw_only=True)
class Row:
    """What became of a promise on one database."""

    promise: Promise
    database: str
    measured: Measured
    seconds: float

    @property
    def is_kept(self) -> bool:
        """Whether the promise was kept."""
        return not (self.measured.faults or self.measured.late)


def table(rows: Sequence[Row]) -> str:
    """The rows in markdown."""
    lines = ["| # | promise | goal | on | measured | took | |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        short = "; ".join([*row.measured.faults[:3], *row.measured.late[:3]])
        word = "ok" if row.is_kept else f"SHORT: {short}"
        cells = (row.promise.number, row.promise.title, row.promise.goal, row.database, row.measured.figures)
        lines.append(f"| {' | '.join(map(str, cells))} | {row.seconds:.0f} s | {word} |")
    return "\n".join(lines)
