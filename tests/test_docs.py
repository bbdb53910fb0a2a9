"""The README is held to the commands, keys, causes and codes that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from harness.analysis.summary import Cause
from harness.cli.main import cli
from harness.cli.options import overrides
from harness.errors import CODES
from harness.scenario.load import find_scenario, load_scenario, scenario_paths

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SOURCES = [path.read_text(encoding="utf-8") for path in (ROOT / "harness").rglob("*.py")]
COMMANDS = re.findall(r"^\$ (harness .+?)(?: [>#].*)?$", README, flags=re.MULTILINE)


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_in_the_readme_parses(line: str) -> None:
    _, verb, *arguments = shlex.split(line)
    command = cli.commands[verb]
    with command.make_context(verb, arguments) as context:
        options = {
            name: context.params[name]
            for name in ("workers", "backend", "requests", "users", "keys", "seed")
            if name in context.params
        }
        if "settings" in context.params:
            chosen = overrides(context.params["settings"], **options)
            load_scenario(find_scenario(context.params["scenario"]), chosen)


def test_every_verb_is_in_the_readme() -> None:
    missing = [verb for verb in cli.commands if f"harness {verb}" not in README]
    assert missing == []


def test_every_make_target_in_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    named = set(re.findall(r"[`$] ?make ([a-z-]+)", README))
    assert {"demo", "test"} <= named <= targets


def test_every_error_code_is_in_the_readme_and_raised_somewhere() -> None:
    told = dict(re.findall(r"^\| (HX\d+) \| (.+) \|$", README, flags=re.MULTILINE))
    assert told == CODES
    used = {code for source in SOURCES for code in re.findall(r'"(HX\d+)"', source)}
    assert used == set(CODES)
    raised = {code for code in CODES if sum(f'"{code}"' in source for source in SOURCES) > 1}
    assert raised == set(CODES)


def test_every_cause_of_a_miss_is_explained() -> None:
    explained = re.findall(r"^  \| `(\w+)` \|", README, flags=re.MULTILINE)
    assert explained == [cause.value for cause in Cause]


def test_every_file_that_the_readme_names_exists() -> None:
    named = re.findall(
        r"\]\(((?!http)[^)]+)\)|`((?:harness|scenarios|locustfiles)/[\w./]*)`", README
    )
    paths = [ROOT / (link or code) for link, code in named]
    assert [str(path) for path in paths if not path.exists()] == []


def test_the_command_group_is_what_the_package_installs() -> None:
    assert isinstance(cli, click.Group)
    assert 'harness = "harness.cli.main:main"' in (ROOT / "pyproject.toml").read_text()


@pytest.mark.parametrize("name", scenario_paths())
def test_every_scenario_has_its_line_in_the_readme(name: str) -> None:
    assert re.search(rf"^\| `{name}` \| \S", README, flags=re.MULTILINE)
