"""docker-compose.yml is valid, and agrees with what the repository has. No engine is needed."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness import wire

ROOT = Path(__file__).parent.parent
COMPOSE = ROOT / "docker-compose.yml"
Service = dict[str, Any]


def with_defaults(text: str) -> str:
    """Return the text with each ${NAME:-default} replaced by its default, as Compose does."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


@pytest.fixture(scope="module")
def services() -> dict[str, Service]:
    loaded: dict[str, Service] = yaml.safe_load(with_defaults(COMPOSE.read_text()))["services"]
    return loaded


def check_against_schema(path: Path) -> subprocess.CompletedProcess[str]:
    """Hold a file to the Compose Specification; the schema lies in the package, no download."""
    schema = ["--builtin-schema", "vendor.compose-spec"]
    command = [sys.executable, "-m", "check_jsonschema", *schema, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_file_holds_to_the_compose_specification() -> None:
    checked = check_against_schema(COMPOSE)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_schema_refuses_a_misspelled_key(tmp_path: Path) -> None:
    wrong = tmp_path / "docker-compose.yml"
    wrong.write_text(COMPOSE.read_text().replace("ports:", "port:"))
    checked = check_against_schema(wrong)
    assert checked.returncode == 1
    assert "'port' was unexpected" in checked.stdout


def test_up_starts_the_shop_and_redis_but_not_the_harness(services: dict[str, Service]) -> None:
    assert [name for name, service in services.items() if "profiles" not in service] == [
        "redis",
        "shop",
    ]


def test_only_the_shop_is_published_and_only_on_loopback(services: dict[str, Service]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {"shop": ["127.0.0.1:8000:8000"]}


def test_whatever_needs_redis_waits_until_it_is_healthy(services: dict[str, Service]) -> None:
    assert services["redis"]["healthcheck"]["test"]
    for name in ("shop", "harness"):
        assert services[name]["depends_on"] == {"redis": {"condition": "service_healthy"}}


def test_the_harness_finds_redis_by_the_variable_that_it_reads(
    services: dict[str, Service],
) -> None:
    assert services["harness"]["environment"] == {wire.ENV_REDIS_URL: "redis://redis:6379/0"}


def test_the_entry_point_of_the_harness_is_a_command_of_the_project(
    services: dict[str, Service],
) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    [command] = services["harness"]["entrypoint"]
    assert command in project["scripts"]


def test_gunicorn_accepts_its_options_and_loads_the_shop(
    services: dict[str, Service], tmp_path: Path
) -> None:
    prepare, serve = services["shop"]["command"][2].split(" && exec ")
    key, seed = prepare.split(" && ")
    # Else each worker would make up a key of its own, and no session would outlive its worker.
    assert key.startswith("export SHOP_SECRET_KEY=")
    assert seed == "python -m django seed_shop"
    program, *options = shlex.split(serve)
    assert program == "gunicorn"
    assert options[:2] == ["--workers", "4"]
    environment = services["shop"]["environment"] | {"PYTHONPATH": str(ROOT)}
    checked = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--check-config", *options],
        env={**os.environ, **environment},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


def test_the_build_files_exist_and_reach_the_builder(services: dict[str, Service]) -> None:
    build = services["shop"]["build"]
    assert services["harness"]["build"] == build
    assert (ROOT / build["context"] / build["dockerfile"]).is_file()
    let_in = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert [name for name in let_in if not (ROOT / name).exists()] == []
    bundled = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    assert set(bundled["only-include"]) <= set(let_in)


def test_the_image_has_a_python_that_the_project_supports() -> None:
    dockerfile = (ROOT / "demo_app" / "Dockerfile").read_text()
    found = re.search(r"^FROM python:(\d+)\.(\d+)", dockerfile, re.MULTILINE)
    assert found is not None
    assert (int(found[1]), int(found[2])) >= (3, 11)
