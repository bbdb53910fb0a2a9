"""A scenario and the keys it varies -> one complete scenario for each combination of values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from harness.errors import HarnessError, Problem, ScenarioError
from harness.scenario.parse import override, parse_scenario, scenario_content
from harness.scenario.schema import Action, Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A scenario with the values that one combination of `matrix.vary` gives it."""

    varied: Mapping[str, Any]
    scenario: Scenario


def expand_variants(scenario: Scenario, where: str = "scenario") -> tuple[Variant, ...]:
    """Return the variants in order; the scenario alone where it varies nothing.

    Raises ScenarioError where a value does not fit its key, or the keys do not fit together.
    """
    vary = scenario.matrix.vary
    variants, problems = [], []
    for values in product(*vary.values()):
        varied = dict(zip(vary, values, strict=True))
        try:
            variant = Variant(varied=varied, scenario=_resolved(scenario, varied, where))
            problems += _clashes(variant.scenario, where)
            variants.append(variant)
        except HarnessError as error:
            problems += error.problems
    if problems:
        raise ScenarioError(*dict.fromkeys(problems))
    return tuple(variants)


def _resolved(scenario: Scenario, varied: Mapping[str, Any], where: str) -> Scenario:
    content = scenario_content(scenario)
    content["matrix"]["vary"] = {}
    for key, value in varied.items():
        override(content, key, value, f"{where}, key matrix.vary.{key}")
    options = {key: f"{where}, key matrix.vary.{key}" for key in varied}
    return parse_scenario(content, where=where, options=options)


def _clashes(scenario: Scenario, where: str) -> list[Problem]:
    """Return what is wrong with keys that are each right alone."""
    found = []
    if scenario.actions and scenario.load.rounds > 1:
        found.append(
            Problem(
                code="HX203",
                where=f"{where}, key load.rounds",
                what=f"got {scenario.load.rounds} together with actions, need 1",
                hint="actions happen once in a trace that is served in one go",
            )
        )
    for number, action in enumerate(scenario.actions):
        place = f"{where}, key actions[{number}]"
        found += _action_clashes(action, scenario, place)
    return found


_NEEDED = {"kill-worker": "slot", "scale": "workers"}


def _action_clashes(action: Action, scenario: Scenario, place: str) -> list[Problem]:
    found = []
    for key in ("slot", "workers"):
        given, needed = getattr(action, key) is not None, _NEEDED.get(action.do) == key
        if given != needed:
            word = "is missing" if needed else f"does not go with {action.do}"
            example = {"slot": 'slot = 1, or "busiest"', "workers": "workers = 2"}[key]
            hint = f"add {example}" if needed else f"remove {key}"
            found.append(Problem(code="HX203", where=f"{place}.{key}", what=word, hint=hint))
    fewest = min(scenario.matrix.workers)
    if isinstance(action.slot, int) and action.slot > fewest:
        found.append(
            Problem(
                code="HX203",
                where=f"{place}.slot",
                what=f"got {action.slot}, need a slot of each trial: 1 to {fewest}",
                hint=f'write slot = {fewest}, or slot = "busiest"',
            )
        )
    if action.workers is not None and fewest + action.workers < 1:
        found.append(
            Problem(
                code="HX203",
                where=f"{place}.workers",
                what=f"got {action.workers} with {fewest} workers, need one worker to stay",
                hint="take fewer workers away",
            )
        )
    return found
