"""One scenario and two sets of settings -> the two scenarios of a duel, each of a single trial."""

from collections.abc import Iterable, Mapping
from typing import Any

from harness.errors import Problem, ScenarioError, UsageError
from harness.scenario.load import Overrides
from harness.scenario.parse import override, parse_scenario, scenario_content
from harness.scenario.schema import Scenario
from harness.scenario.variants import expand_variants

Sides = tuple[Scenario, Scenario]


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
    found: list[Scenario] = []
    problems: list[Problem] = []
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
    first = dict(next(iter(matrix["cases"]), {}))
    first |= {key: values[0] for key, values in matrix["vary"].items()}
    for key, value in first.items():
        override(content, key, value, f"{scenario.name}, key {key}")
    alone = {name: content["matrix"][name][:1] for name in ("backend", "workers")}
    content["matrix"] = {**alone, "copies": 1}
    content["load"].update(requests=requests, rounds=1)
    for key, (value, option) in settings.items():
        override(content, key, value, option)
    options = {key: option for key, (_, option) in settings.items()}
    side = parse_scenario(content, where=scenario.name, options=options)
    return expand_variants(side, where=scenario.name)[0].scenario


def _at(content: Mapping[str, Any], key: str) -> Any:
    value: Any = content
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
