"""`make chaos`: tries the promises on a real stack and prints what was measured.

    python -m chaos [short|full|long] [--only 1 5 14] [--databases sqlite postgres] [--share 0.01]

Exit code 1 where a promise falls short. Histories are kept in .run/chaos.
"""

import argparse
import asyncio
import json
import logging
import os
import sys
import time
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from chaos.promise import SCALED, Measured, Promise, Row, Scale, Setting, table
from chaos.scene import Scene, bare_scene, scene

SCALES = {
    "full": Scale(name="full", share=1.0),
    "short": Scale(name="short", share=0.01, slack=20.0),
    "long": Scale(name="long", share=1.0, is_long=True),
}
# Beside PostgreSQL, SQLite gets this part of the counts.
SQLITE_SHARE = 0.1
ORDER = ("none", "calm", "scaled", "lossy")


def promises() -> list[Promise]:
    """All promises by their numbers."""
    from chaos import (
        byte_streams,
        interleavings,
        overload,
        reading,
        recovery,
        sending,
        sockets,
        stopping,
    )

    rooms = (sending, reading, recovery, stopping, sockets, byte_streams, interleavings, overload)
    return sorted((promise for room in rooms for promise in room.PROMISES), key=lambda promise: promise.number)


def place(promise: Promise) -> tuple[int, int]:
    """Promises of one stack come together."""
    return ORDER.index(promise.setting.name if promise.setting else "none"), promise.number


async def try_all(chosen: Sequence[Promise], *, scale: Scale, database: str, folder: Path) -> list[Row]:
    """The rows of the promises on one database; small runs have all their stacks side by side, on both."""

    def database_of(setting: Setting | None) -> str:
        return database if database != "both" else "postgres" if setting == SCALED else "sqlite"

    groups = [
        try_group(list(group), setting, scale=scale, database=database_of(setting), folder=folder)
        for setting, group in groupby(sorted(chosen, key=place), key=lambda promise: promise.setting)
    ]
    rows = await asyncio.gather(*groups) if scale.name == "short" else [await group for group in groups]
    return [row for some in rows for row in some]


async def try_group(
    group: Sequence[Promise], setting: Setting | None, *, scale: Scale, database: str, folder: Path
) -> list[Row]:
    """The rows of promises that share a stack."""
    stage = scene(setting, database=database, folder=folder, seed=1) if setting else bare_scene(folder=folder, seed=1)
    async with stage as here:
        return [await try_one(promise, here, scale=scale, database=database if setting else "—") for promise in group]


async def try_one(promise: Promise, here: Scene, *, scale: Scale, database: str) -> Row:
    """The row of one promise; whatever it raises is a fault."""
    here.begin(f"{promise.number:02}-{database.strip('—') or 'alone'}")
    started = time.monotonic()
    try:
        measured = await promise.run(here, scale)
    except Exception as error:
        measured = Measured(faults=[f"{type(error).__name__}: {error}"])
    seconds = time.monotonic() - started
    row = Row(promise=promise, database=database, measured=measured, seconds=seconds)
    print(f"{promise.number:>2} {promise.title}, {database}, {seconds:.0f} s", file=sys.stderr, flush=True)
    for line in (measured.figures, *measured.faults[:3], *measured.late[:3]):
        print(f"     {line}", file=sys.stderr, flush=True)
    here.history.close()
    return row


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("scale", nargs="?", choices=SCALES, default="full")
    parser.add_argument("--only", nargs="*", type=int, default=[], help="numbers of promises")
    parser.add_argument("--databases", nargs="*", choices=("sqlite", "postgres"), default=[])
    parser.add_argument("--share", type=float, default=0, help="part of the full counts")
    parser.add_argument("--report", type=Path, help="write what was kept and what fell short, as JSON")
    return parser.parse_args()


def main() -> None:
    """Run from the command line."""
    import django

    from config.postgres import postgres_folder
    from config.stack import ROOT

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    # It complains of connections that were cut on purpose.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    given = arguments()
    scale = SCALES[given.scale]
    scale = Scale(**{**vars(scale), "share": given.share or scale.share})
    folder = ROOT / ".run" / "chaos"
    folder.mkdir(parents=True, exist_ok=True)
    chosen = [promise for promise in promises() if not given.only or promise.number in given.only]
    several = ["both"] if scale.name == "short" else ["postgres", "sqlite"]
    databases = given.databases or (several if postgres_folder() else ["sqlite"])
    rows: list[Row] = []
    for number, database in enumerate(databases):
        part = Scale(**{**vars(scale), "share": scale.share * (SQLITE_SHARE if number else 1)})
        some = [promise for promise in chosen if not number or promise.is_stored]
        rows += asyncio.run(try_all(some, scale=part, database=database, folder=folder))
    rows.sort(key=lambda row: row.promise.number)
    short = [row for row in rows if not row.is_kept]
    if given.report:
        given.report.write_text(json.dumps({"passed": len(rows) - len(short), "failed": len(short)}))
    print(table(rows))
    print(f"\n{len(rows) - len(short)} kept, {len(short)} short (histories in {folder})")
    sys.exit(1 if short else 0)


if __name__ == "__main__":
    main()
