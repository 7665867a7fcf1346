"""The promise of `backend/README.md`: the wheel in a bare Django project streams answers."""

import base64
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from backend.private_valkey import Valkey
from backend.readme import ROOT, blocks, commands
from config.probes import free_ports
from fake_openai import END, FakeOpenAI, text

README = "backend/README.md"
PEOPLE = """
from people.models import User
chat = User.objects.create_user("ada", password="lovelace").chats.create()
chat.messages.create(role="user", content="Hi")
answer = chat.run(model="from-a-shell")
print(answer.status, answer.content)
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment that holds the wheel and, in the locked versions, what it asks for."""
    folder = tmp_path_factory.mktemp("wheel")
    build = ["-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT / "backend")]
    run(sys.executable, *build)
    [wheel] = folder.glob("*.whl")
    locked = folder / "locked.txt"
    export = ["export", "--project", str(ROOT / "backend"), "--frozen", "--no-default-groups", "--group", "starter"]
    run(uv(), *export, "--no-emit-project", "--no-hashes", "--quiet", "--output-file", str(locked))
    run(uv(), "venv", "--quiet", "--python", sys.executable, str(folder / "venv"))
    [install] = [line.split()[2:] for line in commands(README, containing="pip install")]
    packages = [str(wheel) if name == "django-chattable" else name for name in install]
    python = str(folder / "venv/bin/python")
    run(uv(), "pip", "install", "--quiet", "--python", python, "--constraint", str(locked), *packages)
    return folder / "venv"


@pytest.fixture
def site(
    environment: Path, tmp_path: Path, running_valkey: Valkey, provider: FakeOpenAI, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A new project that follows the README."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("REDIS_URL", running_valkey.url.replace("/0", "/5"))
    monkeypatch.setenv("OPENAI_BASE_URL", provider.url)
    for name in ("DATABASE_URL", "DJANGO_SETTINGS_MODULE", "PYTHONPATH"):
        monkeypatch.delenv(name, raising=False)
    run("django-admin", "startproject", "mysite", ".")
    run("python", "manage.py", "startapp", "people")
    for name, code in blocks(README, marker="file"):
        Path(name).write_text(code)
    for name, code in blocks(README, marker="append"):
        with Path(name).open("a") as file:
            file.write(code)
    for command in manage_commands():
        run(*command.split())
    return tmp_path


def test_the_wheel_streams_in_a_bare_project(site: Path, provider: FakeOpenAI) -> None:
    provider.script("from-a-shell", [text("Hello "), text("Ada"), END])
    provider.script("from-the-api", [text("Hello "), {"delay": 0.1}, text("again"), END])

    assert run("python", "manage.py", "check") == "System check identified no issues (0 silenced).\n"
    assert run("python", "manage.py", "shell", "--no-imports", "-c", PEOPLE) == "complete Hello Ada\n"
    with servers(site) as base:
        chat = call(f"{base}/api/chats/", {"title": "By the API"})
        sent = call(f"{base}/api/chats/{chat['id']}/messages/", {"content": "Hi", "model": "from-the-api"})
        answer = wait_for_end(f"{base}/api/messages/{sent['answer']['id']}/")

    assert (answer["status"], answer["content"]) == ("complete", "Hello again")


def manage_commands() -> list[str]:
    return [line for line in commands(README, containing="makemigrations") if "manage.py" in line]


@contextmanager
def servers(site: Path) -> Iterator[str]:
    """The two processes that the README starts, on a free port."""
    [[port]] = free_ports([0])
    lines = [line for line in commands(README, containing="makemigrations") if "manage.py" not in line]
    web, worker = (line.split() for line in lines)
    with (site / "log").open("w") as log:
        started = [subprocess.Popen(line, stdout=log, stderr=log) for line in ([*web, "--port", str(port)], worker)]
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            for process in started:
                process.terminate()
            for process in started:
                process.wait(20)


def wait_for_end(url: str) -> Any:
    deadline = time.monotonic() + 60
    while (message := call(url))["status"] in ("queued", "streaming"):
        assert time.monotonic() < deadline, "no answer"
        time.sleep(0.05)
    return message


def call(url: str, body: object = None) -> Any:
    """Ask as the user of the shell; waits for a server that is just starting."""
    login = base64.b64encode(b"ada:lovelace").decode()
    headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
    data = json.dumps(body).encode() if body is not None else None
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data, headers)) as response:
                return json.load(response)
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError):
                raise
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def uv() -> str:
    found = shutil.which("uv", path=f"{ROOT / '.tools/bin'}{os.pathsep}{os.environ['PATH']}")
    assert found, "backend/bin/setup brings uv"
    return found


def run(*command: str) -> str:
    """What the command prints; it must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout
