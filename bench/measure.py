"""What a run of the benchmark costs: processor time, memory, database statements; and its figures."""

import re
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
import psycopg

from bench.client import Session
from bench.stacks import Running

Json = dict[str, Any]
STATEMENT = re.compile(r"(?:statement|execute [^:]+): (\w+)")
BESIDE = {"BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET", "SHOW"}


def cpu_seconds(running: Running) -> dict[str, float]:
    """The processor time of the stack so far, by kind of process."""
    return {kind: sum(map(_cpu, processes)) for kind, processes in running.trees().items()}


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return times.user + times.system + times.children_user + times.children_system


def memory(running: Running, *, kind: str = "rss") -> dict[str, float]:
    """The memory of the stack in MiB, by kind of process: resident (`rss`) or its fair share (`pss`)."""
    return {name: sum(_memory(process, kind) for process in processes) for name, processes in running.trees().items()}


def _memory(process: psutil.Process, kind: str) -> float:
    try:
        return float(getattr(process.memory_full_info(), kind)) / 2**20
    except (psutil.Error, AttributeError):
        return 0.0


class Statements:
    """Counts the statements that the database gets, by its own log."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url.replace("postgres://", "postgresql://")
        with psycopg.connect(self._url, autocommit=True) as connection:
            [data] = connection.execute("SHOW data_directory").fetchone() or [""]
            connection.execute("ALTER SYSTEM SET log_statement = 'all'")
            connection.execute("SELECT pg_reload_conf()")
        self._log = Path(str(data)).parent / "log"
        self._begin = self._log.stat().st_size

    def count(self) -> int:
        """So many since the begin, transactions' begins and ends not counted."""
        with self._log.open("rb") as log:
            log.seek(self._begin)
            words = STATEMENT.findall(log.read().decode("utf-8", "replace"))
        return sum(word.upper() not in BESIDE for word in words)

    def stop(self) -> None:
        """Log no more."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM RESET log_statement")
            connection.execute("SELECT pg_reload_conf()")


def connections(database_url: str) -> int:
    """How many connections the database has, besides the one that asks."""
    with psycopg.connect(database_url.replace("postgres://", "postgresql://")) as connection:
        query = (
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        [count] = connection.execute(query).fetchone() or [0]
    return int(count)


def percentile(values: Sequence[float], part: float) -> float | None:
    """The value below which `part` of all are, or None."""
    if not values:
        return None
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(part / 100 * len(ordered)))], 2)


def spread(values: Sequence[float], *parts: int) -> Json:
    """The percentiles, and the largest value."""
    return {**{f"p{part}": percentile(values, part) for part in parts}, "max": percentile(values, 100)}


def report(
    running: Running,
    sessions: Sequence[Session],
    *,
    label: str,
    n: int,
    interval: int,
    seconds: float,
    cpu: Mapping[str, float],
    provider: Json,
) -> Json:
    """The figures of a run, one object."""
    latencies = [us / 1000 for session in sessions for us in session.latencies]
    first = [(session.first - session.sent) / 1000 for session in sessions if session.first]
    travelled = [session.latencies[0] / 1000 for session in sessions if session.latencies]
    tokens, count = sum(session.tokens for session in sessions), len(sessions)
    began = [session.sent for session in sessions if session.sent]
    ended = [session.last for session in sessions if session.last]
    span = (max(ended) - min(began)) / 1e6 if ended else 0.0
    posted = [(session.posted - session.sent) / 1000 for session in sessions if session.posted]
    return {
        "label": label,
        "adapter": running.name,
        "c": count,
        "n": n,
        "i": interval,
        "done": sum(session.done for session in sessions),
        "errors": sum(bool(session.error) for session in sessions),
        "error_samples": sorted({session.error for session in sessions if session.error})[:3],
        "tokens_expected": count * n,
        "tokens_received": tokens,
        "lost": count * n - tokens,
        "dups": sum(session.doubled for session in sessions),
        "wall_s": round(seconds, 3),
        "span_s": round(span, 3),
        "tok_per_s": round(tokens / span) if span else None,
        "ttft_ms": spread(first, 50, 95),
        "first_token_added_ms": spread(travelled, 50, 95),
        "added_ms": spread(latencies, 50, 95, 99),
        "bytes_per_token": round(sum(session.bytes for session in sessions) / tokens, 1) if tokens else None,
        "tokens_per_frame": round(tokens / max(1, sum(session.frames for session in sessions)), 2),
        "cpu_s": {kind: round(value, 2) for kind, value in cpu.items()},
        "cpu_ms_per_1k_tok": round(1e6 * sum(cpu.values()) / tokens, 1) if tokens else None,
        "rss_mib": {kind: round(value) for kind, value in memory(running).items()},
        "pss_mib": {kind: round(value) for kind, value in memory(running, kind="pss").items()},
        "post_ms_p50": round(statistics.median(posted), 1) if posted else None,
        "mock": provider,
    }
