"""`make test`: runs every check, goes on after a failure, and adds up what all runners counted.

python tests/run.py [NAME...] runs only the named steps; `list` prints the names.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

ROOT = Path(__file__).resolve().parent.parent
BACKEND = ROOT / "backend"
FRONTEND = ROOT / "frontend"
REPORTS = ROOT / ".run" / "reports"
sys.path.insert(0, str(BACKEND))

from config.postgres import postgres_folder, private_postgres  # noqa: E402
from config.stack import SETTINGS  # noqa: E402

STEP_TIMEOUT = 25 * 60


@dataclass(frozen=True)
class Count:
    """How many tests or checks had which end, and which of them to look at."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    names: tuple[str, ...] = ()

    def __add__(self, other: "Count") -> "Count":
        return Count(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
            self.names + other.names,
        )

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One check: a command, and how to count what it found (a plain command counts as one)."""

    name: str
    command: str
    cwd: Path = BACKEND
    env: Mapping[str, str] = field(default_factory=dict)
    # Written by the runner, so that its tests can be counted.
    report: Path | None = None
    count: Callable[[Path], Count] | None = None
    # Why this machine cannot run it; empty when it can.
    lacking: Callable[[], str] = lambda: ""
    postgres: bool = False


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a step."""

    step: Step
    count: Count
    seconds: float = 0.0
    note: str = ""


def count_junit(report: Path) -> Count:
    """Count pytest's report."""
    root = ET.parse(report).getroot()
    total = Count()
    for suite in root.iter("testsuite"):
        tests, failures, errors, skipped = (
            int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")
        )
        total += Count(tests - failures - errors - skipped, failures + errors, skipped)
    broken = (case for case in root.iter("testcase") if {"failure", "error"} & {part.tag for part in case})
    return total + Count(names=tuple(f"{case.get('classname')}::{case.get('name')}" for case in broken))


def count_vitest(report: Path) -> Count:
    """Count vitest's report."""
    found = json.loads(report.read_text())
    skipped = found["numPendingTests"] + found["numTodoTests"]
    tests = (test for file in found["testResults"] for test in file["assertionResults"])
    names = tuple(test["fullName"] for test in tests if test["status"] == "failed")
    return Count(found["numPassedTests"], found["numFailedTests"], skipped, names)


def count_playwright(report: Path) -> Count:
    """Count Playwright's report; CI tries a failed test once more, and what passes then is named as flaky."""
    found = json.loads(report.read_text())
    stats = found["stats"]
    names = tuple(unsure(found["suites"]))
    return Count(stats["expected"] + stats["flaky"], stats["unexpected"], stats["skipped"], names)


def unsure(suites: list[dict[str, Any]]) -> Iterator[str]:
    """The tests of Playwright's suites that did not pass at once."""
    for suite in suites:
        yield from unsure(suite.get("suites", []))
        for spec in suite.get("specs", []):
            ends = {test["status"] for test in spec["tests"]}
            if end := next((name for name in ("unexpected", "flaky") if name in ends), ""):
                yield f"{spec['file']}:{spec['line']} {spec['title']}{' (flaky)' if end == 'flaky' else ''}"


def count_runs(report: Path) -> Count:
    """Count the report of the trials and of the benchmark."""
    return Count(**json.loads(report.read_text()))


def chromium() -> str:
    """The browser's program, or nothing."""
    names = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), "")


def lacking_postgres() -> str:
    return "" if postgres_folder() else "no PostgreSQL server here"


def lacking_chromium() -> str:
    return "" if chromium() else "no Chromium here, and CHROMIUM is not set"


SQLITE_REPORT, POSTGRES_REPORT = REPORTS / "pytest-sqlite.xml", REPORTS / "pytest-postgres.xml"
VITEST_REPORT, PLAYWRIGHT_REPORT = REPORTS / "vitest.json", REPORTS / "playwright.json"
CHAOS_REPORT, BENCH_REPORT = REPORTS / "chaos.json", REPORTS / "bench.json"
SCHEMA, CLIENT = REPORTS / "openapi.yaml", REPORTS / "schema.d.ts"
# Tests that never come to the database, only to SQLite, or (the doctor's) to any: once is enough.
WITHOUT_DATABASE = [
    f"--ignore=../tests/backend/{name}.py"
    for name in (
        "config/test_asgi",
        "config/test_dev",
        "config/test_files",
        "config/test_settings",
        "config/test_setup",
        "config/test_stack",
        "config/test_supervisor",
        "test_bench",
        "test_chaos_checker",
        "test_checks",
        "test_completions",
        "test_compose",
        "test_doctor",
        "test_fake_openai",
        "test_fold",
        "test_layers",
        "test_page",
        "test_readme",
        "test_thoughts",
        "test_threads",
        "test_wheel",
    )
]
STEPS = [
    Step(name="ruff", command="ruff check . ../tests ../bench"),
    Step(name="format", command="ruff format --check . ../tests ../bench"),
    Step(name="mypy", command="mypy"),
    Step(name="imports", command="lint-imports"),
    Step(name="migrations", command="python manage.py makemigrations --check --dry-run"),
    Step(
        name="openapi",
        command=f"python manage.py spectacular --validate --fail-on-warn --file {SCHEMA}"
        f" && diff -u openapi.yaml {SCHEMA}",
    ),
    Step(
        name="client",
        command=f"npx openapi-typescript ../backend/openapi.yaml -o {CLIENT}"
        f" && diff -u src/shared/api/schema.d.ts {CLIENT}",
        cwd=FRONTEND,
    ),
    Step(name="biome", command="npm run --silent lint", cwd=FRONTEND),
    Step(name="tsc", command="npm run --silent typecheck", cwd=FRONTEND),
    Step(
        name="vitest",
        command=f"npm test --silent -- --reporter=default --reporter=json --outputFile.json={VITEST_REPORT}",
        cwd=FRONTEND,
        report=VITEST_REPORT,
        count=count_vitest,
    ),
    Step(name="build", command="npm run --silent build", cwd=FRONTEND),
    Step(
        name="pytest",
        command=f"pytest -q -n 2 ../tests/backend --junitxml={SQLITE_REPORT}",
        report=SQLITE_REPORT,
        count=count_junit,
    ),
    Step(
        name="postgres",
        command=f"pytest -q -n 2 ../tests/backend --junitxml={POSTGRES_REPORT} {' '.join(WITHOUT_DATABASE)}",
        report=POSTGRES_REPORT,
        count=count_junit,
        lacking=lacking_postgres,
        postgres=True,
    ),
    Step(
        name="playwright",
        command="npm run --silent e2e -- --reporter=list,json",
        cwd=FRONTEND,
        env={"PLAYWRIGHT_JSON_OUTPUT_FILE": str(PLAYWRIGHT_REPORT), "CHROMIUM": chromium()},
        report=PLAYWRIGHT_REPORT,
        count=count_playwright,
        lacking=lacking_chromium,
    ),
    Step(
        name="chaos",
        command=f"python -m chaos short --report {CHAOS_REPORT}",
        env={"PYTHONPATH": f"{BACKEND}{os.pathsep}{ROOT / 'tests'}"},
        report=CHAOS_REPORT,
        count=count_runs,
    ),
    Step(
        name="bench",
        command=f"python -m bench --short --report {BENCH_REPORT}",
        cwd=ROOT,
        env={"PYTHONPATH": f"{BACKEND}{os.pathsep}{ROOT}"},
        report=BENCH_REPORT,
        count=count_runs,
        lacking=lacking_postgres,
    ),
]


def run(step: Step) -> Outcome:
    """Run the step with its output on the terminal."""
    if why := step.lacking():
        return Outcome(step=step, count=Count(skipped=1), note=why)
    print(f"\n━━ {step.name}: {step.command.replace(str(ROOT), '.')}", flush=True)
    if step.report:
        step.report.unlink(missing_ok=True)
    started = time.monotonic()
    with ExitStack() as stack:
        env = {**environment(), **step.env}
        if step.postgres:
            env["DATABASE_URL"] = stack.enter_context(private_postgres())
        code = execute(step, env=env)
    count = judge(step, code=code)
    return Outcome(step=step, count=count, seconds=time.monotonic() - started, note=f"exit code {code}" if code else "")


def environment() -> dict[str, str]:
    """The steps' environment: nothing of a developer's own settings, and DEBUG so that no secret is needed."""
    kept = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    path = [str(Path(sys.executable).parent), str(ROOT / ".tools" / "bin"), kept.get("PATH", os.defpath)]
    return {
        **kept,
        "PATH": os.pathsep.join(path),
        "PYTHON_DOTENV_DISABLED": "1",
        "DEBUG": "1",
        "OPENAI_API_KEY": "none",
    }


def execute(step: Step, *, env: Mapping[str, str]) -> int:
    """The exit code of the step's command; one that takes too long is ended with all its children."""
    child = subprocess.Popen(
        ["/bin/sh", "-c", step.command], cwd=step.cwd, env=dict(env), stdin=subprocess.DEVNULL, start_new_session=True
    )
    try:
        return child.wait(STEP_TIMEOUT)
    except subprocess.TimeoutExpired:
        print(f"{step.name} took over {STEP_TIMEOUT // 60} minutes", flush=True)
        return 124
    finally:
        end(child)


def end(child: subprocess.Popen[bytes]) -> None:
    """End what is left of the step; one that still runs may tidy up first, as after Ctrl-C."""
    with suppress(ProcessLookupError, subprocess.TimeoutExpired):
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGINT)
            child.wait(20)
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def judge(step: Step, *, code: int) -> Count:
    """What to count for the step: a failed command is never without a failure, nor a test run without a test."""
    if step.count is None or step.report is None:
        return Count(failed=1) if code else Count(passed=1)
    counted = step.count(step.report) if step.report.is_file() else Count()
    broken = (code and not counted.failed) or not (counted.passed or counted.failed)
    return counted + Count(failed=1) if broken else counted


def summary(outcomes: list[Outcome]) -> str:
    """A line per step, with what failed by name, and what was skipped and why."""
    lines = ["", "━━ summary"]
    for outcome in outcomes:
        count = outcome.count
        word = "FAILED" if count.failed else "ok" if count.passed else "skipped"
        detail = str(count) if outcome.step.count and word != "skipped" else ""
        note = f"({outcome.note})" if outcome.note else ""
        lines.append(f"{outcome.step.name:<11} {word:<8} {outcome.seconds:6.1f} s  {detail} {note}".rstrip())
        lines += [f"    {name}" for name in count.names]
    return "\n".join(lines)


def main() -> None:
    """Run the steps that were asked for, and end with the sum of all counts."""
    names = [step.name for step in STEPS]
    wanted = sys.argv[1:] or names
    if unknown := [name for name in wanted if name not in names]:
        sys.exit(f"Steps: {' '.join(names)}" if unknown == ["list"] else f"No such step: {' '.join(unknown)}")
    REPORTS.mkdir(parents=True, exist_ok=True)
    outcomes = [run(step) for step in STEPS if step.name in wanted]
    total = sum((outcome.count for outcome in outcomes), Count())
    print(f"{summary(outcomes)}\n\n{total}", flush=True)
    sys.exit(1 if total.failed else 0)


if __name__ == "__main__":
    # Told to stop, it ends the running step and the database server, as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
