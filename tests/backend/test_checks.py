"""`make test` adds up what its runners counted: tests/run.py."""

import json
from pathlib import Path

import pytest

import run
from run import Count, Outcome, Step, count_junit, count_playwright, count_vitest, judge, summary

SUITE = """<testsuites><testsuite tests="9" failures="2" errors="1" skipped="3">
<testcase classname="test_a" name="test_b"><failure/></testcase><testcase classname="test_a" name="test_c"/>
</testsuite></testsuites>"""
VITEST = {
    "numPassedTests": 5,
    "numFailedTests": 1,
    "numPendingTests": 2,
    "numTodoTests": 1,
    "testResults": [
        {"assertionResults": [{"fullName": "a b", "status": "failed"}, {"fullName": "c", "status": "passed"}]}
    ],
}
SPECS = [
    {"file": "a.spec.ts", "line": line, "title": status, "tests": [{"status": status}]}
    for line, status in enumerate(("expected", "unexpected", "flaky"), 1)
]
PLAYWRIGHT = {
    "stats": {"expected": 7, "unexpected": 1, "flaky": 1, "skipped": 2},
    "suites": [{"specs": SPECS[:2], "suites": [{"specs": SPECS[2:]}]}],
}


@pytest.fixture
def report(tmp_path: Path) -> Path:
    return tmp_path / "report"


def step(report: Path) -> Step:
    return Step(name="pytest", command="pytest", report=report, count=count_junit)


def test_each_runners_report_is_counted(report: Path) -> None:
    report.write_text(SUITE)
    assert count_junit(report) == Count(3, 3, 3, ("test_a::test_b",))

    report.write_text(json.dumps(VITEST))
    assert count_vitest(report) == Count(5, 1, 3, ("a b",))

    report.write_text(json.dumps(PLAYWRIGHT))
    assert count_playwright(report) == Count(8, 1, 2, ("a.spec.ts:3 flaky (flaky)", "a.spec.ts:2 unexpected"))


def test_a_command_that_fails_never_counts_as_passed(report: Path) -> None:
    assert judge(Step(name="ruff", command="ruff"), code=1) == Count(failed=1)
    assert judge(step(report), code=2) == Count(failed=1)

    report.write_text('<testsuites><testsuite tests="4" failures="0" errors="0" skipped="0"/></testsuites>')
    assert judge(step(report), code=0) == Count(passed=4)
    assert judge(step(report), code=1) == Count(passed=4, failed=1)


def test_a_run_without_a_test_is_a_failure(report: Path) -> None:
    report.write_text('<testsuites><testsuite tests="2" failures="0" errors="0" skipped="2"/></testsuites>')

    assert judge(step(report), code=0) == Count(failed=1, skipped=2)


def test_the_summary_names_what_failed(report: Path) -> None:
    failed = Outcome(step=step(report), count=Count(1, 1, names=("test_a::test_b",)), note="exit code 1")

    assert summary([failed]).endswith("1 passed, 1 failed, 0 skipped (exit code 1)\n    test_a::test_b")


def test_the_summary_names_what_was_skipped_and_why(report: Path) -> None:
    skipped = Outcome(step=step(report), count=Count(skipped=1), note="no PostgreSQL server here")

    assert "skipped     0.0 s   (no PostgreSQL server here)" in summary([skipped])


@pytest.mark.parametrize(
    ("command", "ending", "code"),
    [("exit 0", "1 passed, 0 failed, 0 skipped\n", 0), ("exit 3", "0 passed, 1 failed, 0 skipped\n", 1)],
)
def test_the_last_line_adds_up(
    command: str,
    ending: str,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(run, "STEPS", [Step(name="one", command=command, cwd=tmp_path)])
    monkeypatch.setattr(run, "REPORTS", tmp_path)
    monkeypatch.setattr("sys.argv", ["run.py"])

    with pytest.raises(SystemExit) as exit_info:
        run.main()

    assert exit_info.value.code == code
    assert capsys.readouterr().out.endswith(f"\n\n{ending}")


def test_a_step_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "STEP_TIMEOUT", 0.2)

    assert run.execute(Step(name="slow", command="sleep 60", cwd=tmp_path), env={"PATH": "/usr/bin:/bin"}) == 124
