"""`make bench`: the stacks side by side, each run twice, as a table with ratios.

    python -m bench [--only 100x50 one] [--stacks chattable naive chainlit] [--short] [--times 2]

Writes bench/results/latest.jsonl, one object a run. Exit code 1 where a token was lost or came twice on Chattable.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import aiohttp
import psycopg

from bench.measure import Json
from bench.scenarios import OURS_ONLY, SCENARIOS, SHORT, Scenario, stream
from bench.stacks import BENCH, Running, chainlit, chattable, lacking_chainlit, naive
from bench.table import table

STACKS = ("naive", "chainlit", "chattable")
LATEST = BENCH / "results" / "latest.jsonl"


def start(stack: str, scenario: Scenario) -> AbstractAsyncContextManager[Running]:
    """The stack as the scenario wants it."""
    if stack == "chattable":
        return chattable(web=scenario.web, workers=scenario.workers)
    return naive() if stack == "naive" else chainlit()


def concerns(scenario: Scenario, stack: str) -> bool:
    """Whether the stack takes part in the scenario."""
    if scenario.run:
        return stack == "chattable" or scenario.name not in OURS_ONLY
    return scenario.load(stack) is not None


async def measure(stack: str, scenarios: Sequence[Scenario], *, times: int) -> list[Json]:
    """The figures of all runs on one stack; scenarios of one shape share its processes."""
    figures: list[Json] = []
    shapes = {(scenario.web, scenario.workers): scenario for scenario in scenarios}
    for shape, first in shapes.items():
        some = [scenario for scenario in scenarios if (scenario.web, scenario.workers) == shape]
        async with start(stack, first) as running:
            for scenario in some:
                for time in range(times):
                    figures.append(await measure_one(running, scenario, label=f"{scenario.name}-{time + 1}"))
                    await asyncio.sleep(1)
    return figures


async def measure_one(running: Running, scenario: Scenario, *, label: str) -> Json:
    """One run; a stack that breaks down is a result too."""
    try:
        if scenario.run:
            found = await scenario.run(running, label)
        else:
            load = scenario.load(running.name)
            assert load is not None
            found = await stream(running, load, label=label)
    except (OSError, TimeoutError, RuntimeError, KeyError, ValueError, psycopg.Error, aiohttp.ClientError) as error:
        found = {"label": label, "adapter": running.name, "failed": f"{type(error).__name__}: {error}"[:300]}
    found["scenario"] = scenario.name
    shown = {key: found.get(key) for key in ("adapter", "label", "done", "lost", "dups", "added_ms", "tok_per_s")}
    print(json.dumps(shown | {"failed": found["failed"]} if "failed" in found else shown), file=sys.stderr, flush=True)
    return found


async def run(stacks: Sequence[str], scenarios: Sequence[Scenario], *, times: int) -> list[Json]:
    """The figures of all stacks, one stack after another: two at once would disturb each other."""
    figures: list[Json] = []
    for stack in stacks:
        if some := [scenario for scenario in scenarios if concerns(scenario, stack)]:
            figures += await measure(stack, some, times=times)
    return figures


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], help="names of scenarios")
    parser.add_argument("--stacks", nargs="*", choices=STACKS, default=[])
    parser.add_argument("--times", type=int, default=2)
    parser.add_argument("--short", action="store_true", help="a few streams, for their counts alone")
    parser.add_argument("--report", type=Path, help="write how many runs were right, as JSON")
    return parser.parse_args()


def is_right(figures: Json) -> bool:
    """Whether nothing was lost, nothing doubled, and everything ended."""
    return not any((figures.get("failed"), figures.get("lost"), figures.get("dups"), figures.get("errors")))


def main() -> None:
    """Run from the command line."""
    import uvloop

    given = arguments()
    scenarios = [one for one in (SHORT if given.short else SCENARIOS) if not given.only or one.name in given.only]
    stacks = [*(given.stacks or STACKS)]
    if given.short:
        stacks = [stack for stack in stacks if stack != "chainlit"]
    skipped = lacking_chainlit() if "chainlit" in stacks else ""
    if skipped:
        stacks.remove("chainlit")
    figures = uvloop.run(run(stacks, scenarios, times=1 if given.short else given.times))
    LATEST.parent.mkdir(exist_ok=True)
    LATEST.write_text("".join(json.dumps(one) + "\n" for one in figures))
    ours = [one for one in figures if one["adapter"] == "chattable"]
    wrong = [one for one in ours if not is_right(one)]
    if given.report:
        given.report.write_text(json.dumps({"passed": len(ours) - len(wrong), "failed": len(wrong)}))
    print(counts(figures) if given.short else table(figures))
    if skipped:
        print(f"\n{skipped}")
    for one in wrong:
        print(f"WRONG: {json.dumps(one)}")
    sys.exit(1 if wrong else 0)


def counts(figures: Sequence[Json]) -> str:
    """What was sent and what came, and no times."""
    lines = [
        f"{one['adapter']:<10} {one['label']:<14} "
        + (one.get("failed") or f"{one['tokens_received']} of {one['tokens_expected']} tokens, {one['dups']} twice")
        for one in figures
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
