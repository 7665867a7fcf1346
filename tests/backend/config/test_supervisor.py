import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from config.supervisor import Service, StackError, Supervisor

# Each ends with a line in `order` when it is asked to.
POLITE = """
import pathlib, signal, sys, time
def leave(*_):
    with open("order", "a") as order:
        order.write(sys.argv[1] + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
pathlib.Path(sys.argv[1]).touch()
print("hello from", sys.argv[1], flush=True)
time.sleep(60)
"""
STUBBORN = """
import pathlib, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
ignoring = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"
child = subprocess.Popen([sys.executable, "-c", ignoring])
pathlib.Path(sys.argv[1]).write_text(str(child.pid))
time.sleep(60)
"""


@pytest.fixture
def service(tmp_path: Path) -> Callable[..., Service]:
    """A program that is ready as soon as its file is there."""

    def make(name: str, program: str = POLITE, *, stage: int = 1) -> Service:
        file = tmp_path / name

        async def ready() -> bool:
            return file.exists() and bool(file.read_text() or program == POLITE)

        command = (sys.executable, "-c", program, name)
        return Service(name=name, command=command, cwd=tmp_path, env=os.environ, ready=ready, stage=stage)

    return make


@pytest.fixture
def supervisor(tmp_path: Path) -> Supervisor:
    return Supervisor(log=tmp_path / "log")


async def gone(pid: int) -> None:
    deadline = time.monotonic() + 5
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, f"{pid} is left over"
        await asyncio.sleep(0.01)


async def test_the_last_stage_stops_first(
    service: Callable[..., Service], supervisor: Supervisor, tmp_path: Path
) -> None:
    async with supervisor:
        for stage, name in enumerate(["valkey", "web", "page"]):
            await supervisor.start(service(name, stage=stage))
        pids = supervisor.pids
        assert list(pids) == ["valkey", "web", "page"]

    assert (tmp_path / "order").read_text().split() == ["page", "web", "valkey"]
    for pid in pids.values():
        await gone(pid)


async def test_what_a_service_prints_is_in_the_log_with_its_name(
    service: Callable[..., Service], supervisor: Supervisor, tmp_path: Path
) -> None:
    async with supervisor:
        await supervisor.start(service("web"))

    assert (tmp_path / "log").read_text() == "web      | hello from web\n"


async def test_a_service_that_will_not_stop_is_killed_with_its_children(
    service: Callable[..., Service], supervisor: Supervisor, tmp_path: Path
) -> None:
    stubborn = replace(service("stubborn", STUBBORN), stop_timeout=0.2)
    async with supervisor:
        await supervisor.start(stubborn)
        grandchild = int((tmp_path / "stubborn").read_text())
        pid = supervisor.pids["stubborn"]

    await gone(pid)
    await gone(grandchild)


async def test_an_unexpected_end_stops_everything_and_tells_why(
    service: Callable[..., Service], supervisor: Supervisor, tmp_path: Path
) -> None:
    with pytest.raises(StackError, match="worker ended with SIGKILL") as caught:
        async with supervisor, asyncio.timeout(10):
            await supervisor.start(service("web"))
            await supervisor.start(service("worker"))
            os.kill(supervisor.pids["worker"], signal.SIGKILL)
            await asyncio.Event().wait()

    assert "hello from worker" in str(caught.value)
    assert (tmp_path / "order").read_text().split() == ["web"]
    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling()


async def test_an_end_that_was_asked_for_is_no_failure(service: Callable[..., Service], supervisor: Supervisor) -> None:
    async with supervisor:
        await supervisor.start(service("worker"))
        pid = supervisor.pids["worker"]
        supervisor.kill("worker", signal.SIGKILL)
        await gone(pid)
        await supervisor.restart("worker")

        assert supervisor.pids["worker"] != pid


async def test_a_service_that_ends_at_its_start_is_named_with_its_last_lines(
    service: Callable[..., Service], supervisor: Supervisor
) -> None:
    async with supervisor:
        with pytest.raises(StackError, match="web ended with exit code 3 at its start:\n    no luck"):
            await supervisor.start(service("web", "import sys; print('no luck'); sys.exit(3)"))


async def test_a_service_that_ends_is_not_ready_whatever_its_check_says(
    service: Callable[..., Service], supervisor: Supervisor
) -> None:
    async def always() -> bool:
        await gone(supervisor.pids.get("web", 0))
        return True

    async with supervisor:
        with pytest.raises(StackError, match="web ended with exit code 3 at its start"):
            await supervisor.start(replace(service("web", "import sys; sys.exit(3)"), ready=always))


async def test_a_service_that_is_never_ready_is_named(service: Callable[..., Service], supervisor: Supervisor) -> None:
    slow = replace(service("web", "import time; time.sleep(60)"), start_timeout=0.2)
    async with supervisor:
        with pytest.raises(StackError, match="web was not ready in 0 s"):
            await supervisor.start(slow)
        pid = supervisor.pids["web"]

    await gone(pid)


async def test_a_command_gives_what_it_printed_or_why_it_failed(
    service: Callable[..., Service], supervisor: Supervisor
) -> None:
    async with supervisor:
        assert await supervisor.run(service("login", "print('ada'); print('secret')")) == "ada\nsecret"
        with pytest.raises(StackError, match="migrate failed with exit code 1:\n    no table"):
            await supervisor.run(service("migrate", "import sys; print('no table'); sys.exit(1)"))


async def test_a_line_without_an_end_does_not_stop_the_reading(
    service: Callable[..., Service], supervisor: Supervisor
) -> None:
    async with supervisor:
        printed = await supervisor.run(service("noisy", "print('x' * 3_000_000); print('after')"))

    assert printed.endswith("after")
