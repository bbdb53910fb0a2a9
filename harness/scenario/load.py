"""TOML files -> `Scenario`, those that are bundled and the user's own.

One scenario and two sets of settings make the two scenarios of a duel, each of a single trial. All
problems of a file are reported together, each with its key.
"""

import os.path
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from harness.errors import Problem, ScenarioError, UsageError
from harness.scenario.bundled import bundled
from harness.scenario.parse import Placed, override, parse_scenario, scenario_content
from harness.scenario.plan import Groups, expand_plan, expand_variants, varied_keys
from harness.scenario.schema import Scenario

TOPICS = (
    "What it is",
    "What it costs",
    "What breaks",
    "What a restart does",
    "What to do",
)
"""The headings of the bundled scenarios, in their order; one without a heading comes last."""

Overrides = Mapping[str, Placed]
"""Dotted key -> (value, the option that set it)."""

Sides = tuple[Scenario, Scenario]


def scenario_paths() -> dict[str, Path]:
    """Return the bundled scenarios, by name."""
    return {path.stem: path for path in sorted(bundled("scenarios").glob("*.toml"))}


def catalogue() -> list[tuple[Path, Scenario]]:
    """Return every bundled scenario with its file, by topic and name. Raises ScenarioError."""
    rank = {topic: place for place, topic in enumerate(TOPICS)}
    return sorted(
        ((path, load_scenario(path)) for path in scenario_paths().values()),
        key=lambda one: (rank.get(one[1].topic, len(rank)), one[1].name),
    )


def find_scenario(name: str) -> Path:
    """Return the file of a scenario given by name or by path. Raises UsageError HX101."""
    known = scenario_paths()
    if name in known:
        return known[name]
    if os.path.isfile(name):  # unlike a Path, it accepts a name of any length
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
    """Return the scenario of a file, with overrides applied. Raises what `load_plan` raises."""
    return load_plan(path, overrides)[0]


def load_plan(path: Path, overrides: Overrides | None = None) -> tuple[Scenario, Groups]:
    """Return the scenario of a file, with overrides applied, and its trials in groups.

    Raises ScenarioError with every problem of the file and the overrides, UsageError HX102 if the
    scenario would override the overrides.
    """
    content = {"name": path.stem, **_parse_toml(path)}
    scenario = parse_scenario(content, where=str(path), overrides=overrides)
    _refuse_varied(scenario, overrides or {})
    groups = expand_plan(scenario, where=str(path))
    _check_files(scenario, path)
    return scenario, groups


def read_scenario(path: Path) -> Scenario:
    """Return the scenario of a recorded run; the files that it names may be gone.

    Raises ScenarioError.
    """
    return parse_scenario({"name": path.stem, **_parse_toml(path)}, where=str(path))


def locustfile_path(scenario: Scenario, scenario_file: Path | None = None) -> Path:
    """Return the Locust file of a scenario: a path, one next to the scenario, or a bundled one."""
    name = scenario.load.locustfile
    candidates = [Path(name), bundled("locustfiles") / name]
    if scenario_file:
        candidates.insert(0, scenario_file.parent / name)
    return next((path for path in candidates if os.path.isfile(path)), candidates[-1]).resolve()


def app_path(scenario: Scenario) -> Path:
    """Return the directory to import the scenario's app from."""
    return Path(scenario.app.path).resolve() if scenario.app.path else bundled("demo_app").parent


def _parse_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        problem = Problem(code="HX205", where=str(path), what=f"cannot be read: {error.strerror}")
    except (ValueError, RecursionError) as error:
        # Not UTF-8, not TOML, a number of thousands of digits, or arrays nested as deep.
        problem = Problem(
            code="HX201",
            where=str(path),
            what=f"not valid TOML: {str(error).partition(';')[0]}",
            hint="see toml.io",
        )
    raise ScenarioError(problem)


def _refuse_varied(scenario: Scenario, overrides: Overrides) -> None:
    """Raise if an option sets a key that gets its values from the matrix, which would win."""
    varied = varied_keys(scenario.matrix)
    problems = [
        Problem(
            code="HX102",
            where=option,
            what=f"{key} gets its values from {varied[key]}",
            hint=f"change that, as in --set '{varied[key]}=[…]'",
        )
        for key, (_, option) in overrides.items()
        if key in varied
    ]
    if problems:
        raise UsageError(*problems)


def _check_files(scenario: Scenario, path: Path) -> None:
    locustfile, directory = locustfile_path(scenario, path), Path(scenario.app.path)
    missing = {
        "load.locustfile": None if os.path.isfile(locustfile) else locustfile,
        "app.path": None if os.path.isdir(directory) else directory,
    }
    problems = [
        Problem(
            code="HX205",
            where=f"{path}, key {key}",
            what=f"{file} does not exist",
            hint="paths are relative to the current directory; that of a Locust file may also be "
            "relative to the scenario",
        )
        for key, file in missing.items()
        if file
    ]
    if problems:
        raise ScenarioError(*problems)


def duel_sides(scenario: Scenario, base: Overrides, candidate: Overrides, requests: int) -> Sides:
    """Return base and candidate: the scenario with the settings of each side.

    Where the scenario varies a key, a side takes the first value unless its settings name another;
    its load is one round of `requests`. Raises UsageError HX102 for a scenario with actions,
    ScenarioError with every mistake in the settings of both.
    """
    if scenario.actions:
        raise UsageError(
            Problem(
                code="HX102",
                where=f"duel {scenario.name}",
                what="has actions, which happen once in a trace; the trace of a duel has no end",
                hint="choose a scenario without actions, or write actions = [] into a copy",
            )
        )
    found, problems = list[Scenario](), list[Problem]()
    for settings in (base, candidate):
        try:
            found.append(_side(scenario, settings, requests))
        except ScenarioError as error:
            problems += error.problems
    if problems:
        raise ScenarioError(*dict.fromkeys(problems))
    return found[0], found[1]


def different(sides: Sides, keys: Iterable[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the values of these dotted keys on each side, of those that differ."""
    one, other = map(scenario_content, sides)
    found = [key for key in keys if _at(one, key) != _at(other, key)]
    return {key: _at(one, key) for key in found}, {key: _at(other, key) for key in found}


def _side(scenario: Scenario, settings: Overrides, requests: int) -> Scenario:
    content = scenario_content(scenario)
    matrix = content["matrix"]
    first = {key: values[0] for key, values in matrix["vary"].items()}
    for key, value in (dict(next(iter(matrix["cases"]), {})) | first).items():
        override(content, key, value, f"{scenario.name}, key {key}")
    content["matrix"] = {name: content["matrix"][name][:1] for name in ("backend", "workers")}
    content["load"].update(requests=requests, rounds=1)
    side = parse_scenario(content, where=scenario.name, overrides=settings)
    return expand_variants(side, where=scenario.name)[0].scenario


def _at(content: Mapping[str, Any], key: str) -> Any:
    value: Any = content
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
