"""A scenario and the keys it varies -> one complete scenario for each combination of values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from harness.errors import HarnessError, Problem, ScenarioError
from harness.scenario.parse import override, parse_scenario, scenario_content
from harness.scenario.schema import Action, Matrix, Scenario

Placed = tuple[Any, str]
"""A value and the place in the scenario where it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A scenario with the values that one combination of `matrix.cases` and `vary` gives it."""

    varied: Mapping[str, Any]
    scenario: Scenario


def expand_variants(scenario: Scenario, where: str = "scenario") -> tuple[Variant, ...]:
    """Return the variants in order; the scenario alone where it varies nothing.

    Raises ScenarioError where a value does not fit its key, or the keys do not fit together.
    """
    variants, problems = [], []
    for places in _combinations(scenario.matrix, where):
        varied = {key: value for key, (value, _) in places.items()}
        try:
            variant = Variant(varied=varied, scenario=_resolved(scenario, places, where))
            problems += _clashes(variant.scenario, where)
            variants.append(variant)
        except HarnessError as error:
            problems += error.problems
    if problems:
        raise ScenarioError(*dict.fromkeys(problems))
    return tuple(variants)


def varied_keys(matrix: Matrix) -> dict[str, str]:
    """Return each dotted key that `matrix` gives values to, with the key that does so."""
    by_case = {key: "matrix.cases" for case in matrix.cases for key in case}
    return by_case | {key: f"matrix.vary.{key}" for key in matrix.vary}


def _combinations(matrix: Matrix, where: str) -> Iterator[dict[str, Placed]]:
    """Yield the keys of each variant with value and place; cases change slower than `vary`."""
    for number, case in enumerate(matrix.cases or ({},)):
        told = {
            key: (value, f"{where}, key matrix.cases[{number}].{key}")
            for key, value in case.items()
        }
        for values in product(*matrix.vary.values()):
            told_too = zip(matrix.vary, values, strict=True)
            yield told | {
                key: (value, f"{where}, key matrix.vary.{key}") for key, value in told_too
            }


def _resolved(scenario: Scenario, places: Mapping[str, Placed], where: str) -> Scenario:
    content = scenario_content(scenario)
    content["matrix"] |= {"vary": {}, "cases": []}
    for key, (value, place) in places.items():
        override(content, key, value, place)
    return parse_scenario(
        content, where=where, options={key: place for key, (_, place) in places.items()}
    )


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
