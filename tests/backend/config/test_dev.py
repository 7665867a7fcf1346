"""`make dev` as a person has it: in a terminal, with Ctrl-C and a change of the code."""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from config.stack import BACKEND, FRONTEND, ROOT

CTRL_C = b"\x03"


class Terminal:
    """A program in a terminal of its own, as a shell starts it."""

    def __init__(self, *command: str, cwd: Path) -> None:
        self.printed = ""
        self._terminal, inside = pty.openpty()
        take = "import os, sys; os.login_tty(0); os.execvp(sys.argv[1], sys.argv[1:])"
        self._process = subprocess.Popen(
            [sys.executable, "-c", take, *command], cwd=cwd, stdin=inside, stdout=inside, stderr=inside
        )
        os.close(inside)

    def read_until(self, pattern: str, *, timeout: float = 120) -> re.Match[str]:
        """The first match in what comes from now on."""
        deadline, fresh = time.monotonic() + timeout, ""
        while not (match := re.search(pattern, fresh)):
            assert time.monotonic() < deadline, f"{pattern!r} is not in:\n{self.printed}"
            if select.select([self._terminal], [], [], 0.1)[0]:
                fresh += self._read()
        return match

    def press(self, key: bytes) -> None:
        os.write(self._terminal, key)

    def exit_code(self) -> int:
        """Wait for the end."""
        while self._read():
            pass
        os.close(self._terminal)
        return self._process.wait(10)

    def _read(self) -> str:
        try:
            text = os.read(self._terminal, 65536).decode("utf-8", "replace")
        except OSError:
            return ""
        self.printed += text
        return text


def processes_in(folder: Path) -> list[str]:
    """The command lines of all processes that work in the folder."""
    found = psutil.process_iter(["cmdline", "cwd"])
    return [" ".join(process.info["cmdline"] or []) for process in found if works_in(process, folder)]


def works_in(process: psutil.Process, folder: Path) -> bool:
    return (process.info["cwd"] or "").startswith(str(folder))


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Path]:
    """A copy of the repository, whose code may be changed."""
    shutil.copytree(BACKEND, tmp_path / "backend", ignore=shutil.ignore_patterns(".*", "bin"))
    (tmp_path / "frontend").symlink_to(FRONTEND)
    (tmp_path / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "fake_openai.py", tmp_path / "tests")
    yield tmp_path
    for process in psutil.process_iter(["cwd"]):
        if works_in(process, tmp_path):
            process.kill()


@pytest.mark.skipif(not shutil.which("node"), reason="the page needs Node")
def test_it_starts_reloads_and_stops_with_nothing_left_over(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "REDIS_URL", "DATABASE_URL", "CHATTABLE_MODEL"):
        monkeypatch.delenv(name)
    (copy / ".env").write_text("CHATTABLE_MODEL=demo-fast\nLOG_LEVEL=INFO\n")
    terminal = Terminal(sys.executable, "-m", "config.dev", cwd=copy / "backend")

    link = terminal.read_until(r"Open (http://127\.0\.0\.1:\d+) and log in with demo@example\.com / demo-chattable")
    assert terminal.printed.count("http://127.0.0.1:") == terminal.printed.count("INFO httpx2") + 2
    with urllib.request.urlopen(f"{link[1]}/api/config/") as answer:
        assert b"demo@example.com" in answer.read()
    assert "warning" not in terminal.printed.lower()

    (copy / "backend" / "accounts" / "broken.py").write_text("import nothing_like_this\n")
    views = copy / "backend" / "config" / "celery.py"
    good = views.read_text()
    views.write_text(f"import accounts.broken\n{good}")
    terminal.read_until("waiting for the next change of the code")
    views.write_text(good)
    terminal.read_until(r"worker@\S+ ready")

    pressed = time.monotonic()
    terminal.press(CTRL_C)
    assert terminal.exit_code() == 0
    # 3 s on a machine that does nothing else.
    assert time.monotonic() - pressed < 10
    assert processes_in(copy) == []
    assert "Traceback" not in terminal.printed[terminal.printed.rindex("ready") :]


@pytest.mark.skipif(not shutil.which("node"), reason="the page needs Node")
def test_ctrl_c_while_it_starts_leaves_nothing_over(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL")
    terminal = Terminal(sys.executable, "-m", "config.dev", cwd=copy / "backend")

    terminal.read_until("Operations to perform")
    terminal.press(CTRL_C)

    assert terminal.exit_code() == 0
    assert processes_in(copy) == []
    assert "Traceback" not in terminal.printed
