"""A scenario and the keys it varies -> one complete scenario for each combination of values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from harness.errors import HarnessError, Problem, ScenarioError
from harness.scenario.parse import override, parse_scenario, scenario_content
from harness.scenario.schema import Action, Matrix, Scenario

Placed = tuple[Any, str]
"""A value and its place in the scenario."""

MOST_TRIALS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A scenario with the values that one combination of `matrix.cases` and `vary` gives it."""

    varied: Mapping[str, Any]
    scenario: Scenario


def expand_variants(scenario: Scenario, where: str = "scenario") -> tuple[Variant, ...]:
    """Return the variants in order; the scenario alone if it varies nothing.

    Raises ScenarioError if a value does not fit its key, if keys do not fit together, or if there
    are more than 1,000 trials.
    """
    matrix, problems, variants = scenario.matrix, list[Problem](), list[Variant]()
    _refuse_more(prod(map(len, matrix.vary.values())) * (len(matrix.cases) or 1), where)
    for places in _combinations(matrix, where):
        varied = {key: value for key, (value, _) in places.items()}
        try:
            variant = Variant(varied=varied, scenario=_resolved(scenario, places, where))
            problems += _clashes(variant.scenario, where)
            variants.append(variant)
        except HarnessError as error:
            problems += error.problems
    if problems:
        raise ScenarioError(*dict.fromkeys(problems))
    _refuse_more(sum(_trials(variant.scenario.matrix) for variant in variants), where)
    return tuple(variants)


def varied_keys(matrix: Matrix) -> dict[str, str]:
    """Return each dotted key that gets its values from `matrix`, with the key that gives them."""
    by_case = {key: "matrix.cases" for case in matrix.cases for key in case}
    return by_case | {key: f"matrix.vary.{key}" for key in matrix.vary}


def _combinations(matrix: Matrix, where: str) -> Iterator[dict[str, Placed]]:
    """Yield the keys of each variant with value and place; cases change slower than `vary`."""
    for number, case in enumerate(matrix.cases or ({},)):
        place = f"{where}, key matrix.cases[{number}]"
        by_case = {key: (value, f"{place}.{key}") for key, value in case.items()}
        for values in product(*matrix.vary.values()):
            pairs = zip(matrix.vary, values, strict=True)
            yield by_case | {
                key: (value, f"{where}, key matrix.vary.{key}") for key, value in pairs
            }


def _trials(matrix: Matrix) -> int:
    return len(matrix.backend) * len(matrix.workers) * matrix.copies


def _refuse_more(trials: int, where: str) -> None:
    if trials > MOST_TRIALS:
        raise ScenarioError(
            Problem(
                code="HX203",
                where=f"{where}, key matrix",
                what=f"makes {trials:,} trials or more, need {MOST_TRIALS:,} or less",
                hint="vary fewer keys, or give them fewer values",
            )
        )


def _resolved(scenario: Scenario, places: Mapping[str, Placed], where: str) -> Scenario:
    content = scenario_content(scenario)
    content["matrix"] |= {"vary": {}, "cases": []}
    for key, (value, place) in places.items():
        override(content, key, value, place)
    return parse_scenario(
        content, where=where, options={key: place for key, (_, place) in places.items()}
    )


def _clashes(scenario: Scenario, where: str) -> Iterator[Problem]:
    """Yield the problems of keys that are valid alone but not together."""
    if scenario.actions and scenario.load.rounds > 1:
        yield Problem(
            code="HX203",
            where=f"{where}, key load.rounds",
            what=f"got {scenario.load.rounds} together with actions, need 1",
            hint="actions are done once, in a trace that is served without a break",
        )
    for number, action in enumerate(scenario.actions):
        yield from _action_clashes(action, scenario, f"{where}, key actions[{number}]")


_NEEDED = {
    "slot": ("kill-worker", 'slot = 1, or "busiest"'),
    "workers": ("scale", "workers = 2"),
}
"""Key of an action -> what it is for, and an example."""


def _action_clashes(action: Action, scenario: Scenario, place: str) -> Iterator[Problem]:
    for key, (do, example) in _NEEDED.items():
        if (getattr(action, key) is None) == (action.do == do):
            word = "is missing" if action.do == do else f"does not apply to {action.do}"
            hint = f"add {example}" if action.do == do else f"remove {key}"
            yield Problem(code="HX203", where=f"{place}.{key}", what=word, hint=hint)
    fewest = min(scenario.matrix.workers)
    if isinstance(action.slot, int) and action.slot > fewest:
        yield Problem(
            code="HX203",
            where=f"{place}.slot",
            what=f"got {action.slot}, need a slot of each trial: 1 to {fewest}",
            hint=f'write slot = {fewest}, or slot = "busiest"',
        )
    if action.workers is not None and fewest + action.workers < 1:
        yield Problem(
            code="HX203",
            where=f"{place}.workers",
            what=f"got {action.workers} with {fewest} workers, need one worker to be left",
            hint="remove fewer workers",
        )
