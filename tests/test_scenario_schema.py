"""The JSON Schema of scenarios: made from the keys, shipped, and true of the bundled scenarios."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.cli.main import main
from harness.scenario.load import scenario_paths
from harness.scenario.parse import scenario_schema

SHIPPED = Path("harness/scenario/scenario.schema.json")
ROOT = Path(__file__).resolve().parent.parent


def checked(*scenarios: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(SHIPPED)]
    return subprocess.run(
        [*command, *map(str, scenarios)], cwd=ROOT, capture_output=True, text=True, check=False
    )


def tables(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "Scenario", schema
    yield from schema["$defs"].items()


def test_the_shipped_schema_is_that_of_the_keys() -> None:
    """`make schema` writes it."""
    assert json.loads((ROOT / SHIPPED).read_text(encoding="utf-8")) == scenario_schema()


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert capsys.readouterr().out == (ROOT / SHIPPED).read_text(encoding="utf-8")


def test_every_key_has_a_sentence() -> None:
    schema = scenario_schema()
    for name, table in tables(schema):
        for key, described in table["properties"].items():
            # A table whose sentence is that of its type has it there alone.
            typed = schema["$defs"].get(described.get("$ref", "").rpartition("/")[2], {})
            sentence = described.get("description") or typed.get("description", "")
            assert sentence.endswith("."), f"{name}.{key}"


def test_bundled_scenarios_satisfy_the_schema() -> None:
    done = checked(*scenario_paths().values())
    assert done.returncode == 0, done.stdout


def test_the_schema_refuses_an_unknown_key_and_a_wrong_value(tmp_path: Path) -> None:
    scenario = tmp_path / "mine.toml"
    scenario.write_text('question = "?"\ncolor = "red"\n[load]\nusers = 0\n')
    done = checked(scenario)
    assert done.returncode == 1
    assert "'color' was unexpected" in done.stdout
    assert "0 is less than the minimum of 1" in done.stdout
