"""TOML -> `Scenario`. All problems of a file are reported at once, each with its key."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from harness.errors import Problem, ScenarioError, UsageError
from harness.scenario.bundled import bundled
from harness.scenario.parse import override, parse_scenario
from harness.scenario.schema import Scenario
from harness.scenario.variants import expand_variants, varied_keys

Overrides = Mapping[str, tuple[Any, str]]
"""Dotted key -> (value, the option that set it)."""


def scenario_paths() -> dict[str, Path]:
    """Return the scenarios that come with the harness, by name."""
    return {path.stem: path for path in sorted(bundled("scenarios").glob("*.toml"))}


def find_scenario(name: str) -> Path:
    """Return the file of a scenario given by name or by path. Raises UsageError HX101."""
    known = scenario_paths()
    if name in known:
        return known[name]
    if Path(name).is_file():
        return Path(name)
    close = get_close_matches(name, known, n=1)
    raise UsageError(
        Problem(
            code="HX101",
            where=f"scenario {name!r}",
            what=f"neither a file nor one of {', '.join(known)}",
            hint=f"did you mean {close[0]}?" if close else "`harness list` shows them all",
        )
    )


def load_scenario(path: Path, overrides: Overrides | None = None) -> Scenario:
    """Return the scenario of a file, with overrides applied.

    Raises ScenarioError with every problem that the file and the overrides have, UsageError HX102
    where the scenario would override the overrides.
    """
    overrides = overrides or {}
    content = {"name": path.stem, **_parse_toml(path)}
    for key, (value, option) in overrides.items():
        override(content, key, value, option)
    options = {key: option for key, (_, option) in overrides.items()}
    scenario = parse_scenario(content, where=str(path), options=options)
    _refuse_varied(scenario, options)
    expand_variants(scenario, where=str(path))
    _check_files(scenario, path)
    return scenario


def read_scenario(path: Path) -> Scenario:
    """Return the scenario of a recorded run; the files that it names need not be there any more.

    Raises ScenarioError.
    """
    return parse_scenario({"name": path.stem, **_parse_toml(path)}, where=str(path))


def locustfile_path(scenario: Scenario, beside: Path | None = None) -> Path:
    """Return the Locust file of a scenario: a path, beside the scenario, or a bundled one."""
    name = scenario.load.locustfile
    candidates = [Path(name), bundled("locustfiles") / name]
    if beside:
        candidates.insert(0, beside.parent / name)
    return next((path for path in candidates if path.is_file()), candidates[-1]).resolve()


def app_path(scenario: Scenario) -> Path:
    """Return the directory to import the scenario's app from."""
    return Path(scenario.app.path).resolve() if scenario.app.path else bundled("demo_app").parent


def _parse_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problem = Problem(
            code="HX201", where=str(path), what=f"not valid TOML: {error}", hint="see toml.io"
        )
    except OSError as error:
        problem = Problem(code="HX205", where=str(path), what=f"cannot be read: {error.strerror}")
    raise ScenarioError(problem)


def _refuse_varied(scenario: Scenario, options: Mapping[str, str]) -> None:
    """Raise where an option sets a key that the matrix gives values of its own: it would win."""
    varied = varied_keys(scenario.matrix)
    problems = [
        Problem(
            code="HX102",
            where=option,
            what=f"{key} gets its values from {varied[key]}",
            hint=f"change that, as in --set '{varied[key]}=[…]'",
        )
        for key, option in options.items()
        if key in varied
    ]
    if problems:
        raise UsageError(*problems)


def _check_files(scenario: Scenario, path: Path) -> None:
    locustfile = locustfile_path(scenario, path)
    wanted = [(f"{path}, key load.locustfile", locustfile, locustfile.is_file())]
    if scenario.app.path:
        directory = Path(scenario.app.path)
        wanted.append((f"{path}, key app.path", directory, directory.is_dir()))
    problems = [
        Problem(
            code="HX205",
            where=where,
            what=f"{missing} is not there",
            hint="paths are taken from the current directory and from beside the scenario",
        )
        for where, missing, there in wanted
        if not there
    ]
    if problems:
        raise ScenarioError(*problems)
