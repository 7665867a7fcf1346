"""A private PostgreSQL server for tests and benchmarks, gone with all its data at the end."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from config.probes import HOST, free_ports
from config.supervisor import StackError

# Data that nobody keeps: as fast as it can be.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")


def postgres_folder() -> Path | None:
    """The folder with initdb and postgres, or None when this machine has no server."""
    if initdb := shutil.which("initdb"):
        return Path(initdb).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(versions, key=lambda initdb: int(initdb.parts[-3]), default=None)
    return newest.parent if newest else None


@contextmanager
def private_postgres() -> Iterator[str]:
    """Run a server on a free port and give its DATABASE_URL; StackError when there is none or it fails."""
    programs = postgres_folder()
    if programs is None:
        raise StackError("No PostgreSQL server here (Debian: apt install postgresql).")
    user = unprivileged_user()
    with tempfile.TemporaryDirectory(prefix="chattable-postgres-") as folder:
        data = Path(folder) / "data"
        if user:
            shutil.chown(folder, user)
        run_initdb(programs / "initdb", data=data, user=user)
        [[port]] = free_ports([0])
        server = start_server(programs / "postgres", data=data, port=port, user=user)
        try:
            url = f"postgres://chattable@{HOST}:{port}/postgres"
            wait_for(server, url=url, log=data.parent / "log")
            yield url
        finally:
            # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
            server.send_signal(signal.SIGINT)
            server.wait(30)


def unprivileged_user() -> str | None:
    """Whom to run the server as: PostgreSQL refuses root."""
    if os.geteuid():
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def run_initdb(initdb: Path, *, data: Path, user: str | None) -> None:
    """Make an empty cluster; StackError with what initdb said when it fails."""
    command = [str(initdb), "-D", str(data), "-U", "chattable", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
    done = subprocess.run(command, user=user, cwd="/", capture_output=True, text=True, check=False)
    if done.returncode:
        raise StackError(f"initdb failed:\n{done.stderr}")


def start_server(postgres: Path, *, data: Path, port: int, user: str | None) -> subprocess.Popen[bytes]:
    """Start the server on the port of the loopback address, without a Unix socket."""
    options = [*FAST, f"listen_addresses={HOST}", "unix_socket_directories="]
    command = [
        str(postgres),
        "-D",
        str(data),
        "-p",
        str(port),
        *(part for option in options for part in ("-c", option)),
    ]
    with (data.parent / "log").open("wb") as log:
        return subprocess.Popen(command, user=user, cwd="/", stdout=log, stderr=log, start_new_session=True)


def wait_for(server: subprocess.Popen[bytes], *, url: str, log: Path) -> None:
    """Return when the server lets people in; StackError with its log when it ends first."""
    deadline = time.monotonic() + 30
    while not lets_in(url):
        if server.poll() is not None or time.monotonic() > deadline:
            raise StackError(f"PostgreSQL did not start:\n{log.read_text()}")
        time.sleep(0.05)


def lets_in(url: str) -> bool:
    """Whether the server takes a connection; it listens a little earlier, while it is still starting up."""
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def main() -> None:
    """Run a command with DATABASE_URL set to a private server: python -m config.postgres COMMAND..."""
    try:
        with private_postgres() as url:
            done = subprocess.run(sys.argv[1:], env={**os.environ, "DATABASE_URL": url}, check=False)
    except StackError as error:
        sys.exit(str(error))
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
