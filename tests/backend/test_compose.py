"""No Docker engine runs these tests: what the compose file starts is held equal to what runs natively."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.stack import BACKEND, ROOT, SETTINGS, VALKEY_OPTIONS, migrate_command, web_command, worker_command

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (BACKEND / "Dockerfile").read_text()
SETUP = (BACKEND / "bin" / "setup").read_text()
# Only for development and trials.
NOT_FOR_PRODUCTION = {"CHATTABLE_DEMO", "DEBUG"}


def instructions(name: str) -> list[str]:
    return re.findall(rf"^{name} (.+)$", DOCKERFILE, flags=re.MULTILINE)


def names_read_by_settings() -> set[str]:
    """The names in os.environ["…"], os.environ.get("…"), switch("…") and listed("…") of config/settings.py."""
    names: set[ast.expr] = set()
    for node in ast.walk(ast.parse((BACKEND / "config" / "settings.py").read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"os.environ.get", "switch", "listed"}:
            names.add(node.args[0])
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
            names.add(node.slice)
    return {str(node.value) for node in names if isinstance(node, ast.Constant)}


def test_the_stack_knows_every_variable_that_the_settings_read() -> None:
    read_by_the_sdk = {"OPENAI_API_KEY", "OPENAI_BASE_URL"}

    assert names_read_by_settings() | read_by_the_sdk == SETTINGS


@pytest.mark.parametrize(
    ("service", "command"),
    [
        ("web", web_command(host="0.0.0.0", port=8000)),
        ("worker", worker_command()),
        ("migrate", migrate_command()),
        ("valkey", ("valkey-server", *VALKEY_OPTIONS)),
    ],
)
def test_a_service_runs_the_command_that_runs_natively(service: str, command: tuple[str, ...]) -> None:
    assert tuple(SERVICES[service]["command"]) == command


@pytest.mark.parametrize("service", ["web", "worker", "migrate"])
def test_every_setting_of_production_reaches_the_service(service: str) -> None:
    assert set(SERVICES[service]["environment"]) == SETTINGS - NOT_FOR_PRODUCTION
    assert SERVICES[service]["image"] == "chattable"


def test_the_addresses_lead_to_the_other_services() -> None:
    environment = SERVICES["web"]["environment"]
    postgres = SERVICES["postgres"]["environment"]
    password = postgres["POSTGRES_PASSWORD"]

    assert environment["REDIS_URL"] == "redis://valkey:6379/0"
    assert environment["DATABASE_URL"] == (
        f"postgres://{postgres['POSTGRES_USER']}:{password}@postgres:5432/{postgres['POSTGRES_DB']}"
    )


def test_health_checks_ask_what_the_native_stack_waits_for() -> None:
    checks = {name: service["healthcheck"]["test"] for name, service in SERVICES.items() if name != "migrate"}
    [port] = SERVICES["web"]["ports"]

    assert checks["web"] == ["CMD", "python", "-m", "config.probes", f"http://127.0.0.1:{port.split(':')[1]}/healthz"]
    assert checks["worker"] == ["CMD", "python", "-m", "config.probes", "workers"]
    assert checks["valkey"] == ["CMD", "valkey-cli", "ping"]
    assert checks["postgres"][:2] == ["CMD", "pg_isready"]
    assert "127.0.0.1" in SERVICES["web"]["environment"]["ALLOWED_HOSTS"]


def test_web_and_worker_wait_for_the_migrated_database_and_valkey() -> None:
    migrated = {
        "migrate": {"condition": "service_completed_successfully"},
        "valkey": {"condition": "service_healthy"},
    }

    assert SERVICES["web"]["depends_on"] == SERVICES["worker"]["depends_on"] == migrated
    assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert SERVICES["migrate"]["restart"] == "no"


def test_workers_can_be_many() -> None:
    assert not {"container_name", "ports"} & set(SERVICES["worker"])


def test_the_image_runs_the_web_server_as_nobody_special() -> None:
    [command] = instructions("CMD")

    assert tuple(json.loads(command)) == web_command(host="0.0.0.0", port=8000)
    assert instructions("USER") == ["chattable"]
    assert SERVICES["web"]["build"] == {"context": ".", "dockerfile": "backend/Dockerfile"}


def test_the_image_has_the_versions_of_the_native_set_up() -> None:
    [uv] = re.findall(r"^UV_VERSION=(.+)$", SETUP, flags=re.MULTILINE)
    [node] = re.findall(r"^NODE_VERSION=(\d+)", SETUP, flags=re.MULTILINE)
    python = (BACKEND / ".python-version").read_text().strip()

    assert f"uv=={uv}" in DOCKERFILE
    assert instructions("FROM") == [f"node:{node}-slim AS page", f"python:{python}-slim"]


def test_every_file_that_the_image_copies_is_there_and_not_ignored() -> None:
    copied = [part for line in instructions("COPY") if "--from" not in line for part in line.split()[:-1]]
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}

    assert copied
    for path in copied:
        assert (ROOT / path).exists(), path
        assert Path(path).parts[0] in kept
