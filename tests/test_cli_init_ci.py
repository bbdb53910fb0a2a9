"""The workflow that `harness init-ci` writes is one that GitHub takes, and never overwrites one."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml

from harness.cli.init_ci import WORKFLOW, workflow_text
from harness.cli.main import cli, load_verb, main
from harness.gate.baseline import baseline_text
from tests.recorded import run
from tests.test_cli_gate import EXPECT, SCENARIO

NASTY = "pip install 'a: b' \"c\" # {d} && echo ${{ x }}"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.toml").write_text(SCENARIO + EXPECT)
    (tmp_path / "idle.toml").write_text(SCENARIO)
    (tmp_path / "base.json").write_text(baseline_text(run()))
    return tmp_path


def checked_by_schema(path: Path) -> subprocess.CompletedProcess[str]:
    schema = ["--builtin-schema", "vendor.github-workflows"]
    command = [sys.executable, "-m", "check_jsonschema", *schema, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("install", ["pip install .", NASTY])
def test_the_workflow_holds_to_githubs_schema(install: str, tmp_path: Path) -> None:
    path = tmp_path / "harness.yml"
    path.write_text(workflow_text("a scenario.toml", baseline="b.json", install=install))
    found = checked_by_schema(path)
    assert found.returncode == 0, found.stdout + found.stderr
    steps = yaml.safe_load(path.read_text())["jobs"]["check"]["steps"]
    assert install in [step.get("run") for step in steps]


def test_the_schema_refuses_a_misspelled_key(tmp_path: Path) -> None:
    path = tmp_path / "harness.yml"
    path.write_text(workflow_text("own.toml", install="x").replace("runs-on", "run-on"))
    assert checked_by_schema(path).returncode == 1


def test_the_command_in_the_workflow_parses(here: Path) -> None:
    assert main(["init-ci", "own.toml", "--baseline", "base.json"]) == 0
    steps = yaml.safe_load((here / WORKFLOW).read_text())["jobs"]["check"]["steps"]
    (line,) = (step["run"] for step in steps if step.get("name") == "Check")
    program, verb, *arguments = shlex.split(line)
    assert (program, verb) == ("harness", "check")
    above = click.Context(cli, **cli.context_settings)  # a command keeps the help option it meets
    with load_verb("check").make_context("check", arguments, above) as context:
        assert context.params["scenario"] == "own.toml"
        assert context.params["baseline"] == Path("base.json")


def test_a_workflow_that_is_there_is_left_as_it_is(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init-ci", "own.toml"]) == 0
    (here / WORKFLOW).write_text("mine")
    assert main(["init-ci", "own.toml"]) == 2
    assert f"HX107 {WORKFLOW}" in capsys.readouterr().err
    assert (here / WORKFLOW).read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "code", "reported"),
    [
        (["idle.toml"], 2, "HX504"),
        (["nothing"], 2, "HX101"),
        (["own.toml", "--baseline", "none.json"], 2, "HX108"),
        (["hit-rate", "--baseline", "base.json"], 4, "HX523"),
    ],
)
def test_a_workflow_that_could_never_pass_is_not_written(
    arguments: list[str], code: int, reported: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init-ci", *arguments]) == code
    assert reported in capsys.readouterr().err
    assert not (here / WORKFLOW).exists()
