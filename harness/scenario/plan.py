"""`Scenario` -> the trials of a run, in the order in which they are served.

A scenario and the keys it varies make one complete scenario for each combination of values; a
duel has two of them, each of a single trial.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, pairwise, product
from math import prod
from typing import Any

from harness.errors import HarnessError, Problem, ScenarioError
from harness.scenario.parse import Placed, parse_scenario, scenario_content
from harness.scenario.schema import Action, Matrix, Scenario
from harness.setup import HasSetup, Setup

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
        try:
            content = scenario_content(scenario)
            content["matrix"] |= {"vary": {}, "cases": []}
            resolved = parse_scenario(content, where=where, overrides=places)
            problems += _clashes(resolved, where)
            varied = {key: value for key, (value, _) in places.items()}
            variants.append(Variant(varied=varied, scenario=resolved))
        except HarnessError as error:
            problems += error.problems
    if problems:
        raise ScenarioError(*dict.fromkeys(problems))
    matrices = [variant.scenario.matrix for variant in variants]
    _refuse_more(sum(len(one.backend) * len(one.workers) * one.copies for one in matrices), where)
    return tuple(variants)


def varied_keys(matrix: Matrix) -> dict[str, str]:
    """Return each dotted key that gets its values from `matrix`, with the key that gives them."""
    return {key: "matrix.cases" for case in matrix.cases for key in case} | {
        key: f"matrix.vary.{key}" for key in matrix.vary
    }


def _combinations(matrix: Matrix, where: str) -> Iterator[dict[str, Placed]]:
    """Yield the keys of each variant with value and place; cases change slower than `vary`."""
    for number, case in enumerate(matrix.cases or ({},)):
        for values in product(*matrix.vary.values()):
            yield {
                key: (value, f"{where}, key matrix.cases[{number}].{key}")
                for key, value in case.items()
            } | {
                key: (value, f"{where}, key matrix.vary.{key}")
                for key, value in zip(matrix.vary, values, strict=True)
            }


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
            yield Problem(
                code="HX203",
                where=f"{place}.{key}",
                what="is missing" if action.do == do else f"does not apply to {action.do}",
                hint=f"add {example}" if action.do == do else f"remove {key}",
            )
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial(HasSetup):
    """One server set-up that serves the whole trace. `number` counts from 0.

    `scenario` is complete and varies nothing.
    """

    number: int
    setup: Setup
    scenario: Scenario

    @property
    def name(self) -> str:
        return self.setup.label

    @property
    def balanced(self) -> bool:
        """Return whether a balancer stands in front of its servers."""
        return bool(self.setup["routing"])

    @property
    def slug(self) -> str:
        """Return a name fit for files and key prefixes."""
        return f"{self.number:02d}-{self.setup.slug}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One trial's part of a round: positions `first` to `last` (excluded) of the trace."""

    trial: Trial
    round: int
    first: int
    last: int


def milestones(scenario: Scenario) -> dict[int, Action]:
    """Return the actions of a scenario by the position in the trace at which they are due."""
    return {int(action.at * scenario.load.requests): action for action in scenario.actions}


Groups = tuple[tuple[Trial, ...], ...]
"""The trials of a run; the servers of a group are up at the same time."""


def expand_plan(scenario: Scenario, where: str = "scenario") -> Groups:
    """Return the trials of a scenario in groups.

    Where the trace is served in rounds, the trials that differ only in backend or copy are one
    group, since only they are compared in time. Else each trial is a group of its own. Raises
    ScenarioError where values do not fit; `where` names the file.
    """
    trials, numbers = list[tuple[Trial, ...]](), count()
    for variant in expand_variants(scenario, where):
        matrix = variant.scenario.matrix
        for workers in matrix.workers:
            group = tuple(
                _trial(
                    next(numbers),
                    variant.scenario,
                    _varied(variant, copy if matrix.copies > 1 else None),
                    backend,
                    workers,
                )
                for backend, copy in product(matrix.backend, range(matrix.copies))
            )
            together = variant.scenario.load.rounds > 1
            trials += [group] if together else [(trial,) for trial in group]
    return tuple(trials)


def duel_group(sides: Sequence[Scenario], varied: Sequence[Mapping[str, Any]]) -> tuple[Trial, ...]:
    """Return a trial for each scenario, which has one backend and one number of workers."""
    return tuple(
        _trial(number, side, values, side.matrix.backend[0], side.matrix.workers[0])
        for number, (side, values) in enumerate(zip(sides, varied, strict=True))
    )


def turns(group: tuple[Trial, ...]) -> tuple[Turn, ...]:
    """Return which trial serves which part of the trace, in order: A B, B A, A B, …

    The order alternates to keep a steady drift of the machine out of the comparison.
    """
    load = group[0].scenario.load
    bounds = [load.requests * part // load.rounds for part in range(load.rounds + 1)]
    return tuple(_turns(group, pairwise(bounds)))


def turns_without_end(group: tuple[Trial, ...], requests: int) -> Iterator[Turn]:
    """Yield turns in rounds of N requests: A B, B A, …; the caller decides when to stop.

    The trace has no end: each of its keys depends on seed and position alone.
    """
    return _turns(group, pairwise(count(0, requests)))


def _turns(group: tuple[Trial, ...], parts: Iterable[tuple[int, int]]) -> Iterator[Turn]:
    """Yield the turns of rounds that serve these parts of the trace."""
    for number, (first, last) in enumerate(parts):
        for trial in group if number % 2 == 0 else reversed(group):
            yield Turn(trial=trial, round=number, first=first, last=last)


def _trial(
    number: int, scenario: Scenario, varied: Mapping[str, Any], backend: str, workers: int
) -> Trial:
    balanced = scenario.server.balancer or scenario.server.servers > 1
    setup = Setup.of(
        scenario,
        varied,
        backend=backend,
        workers=workers,
        routing=scenario.server.routing if balanced else "",
    )
    return Trial(number=number, setup=setup, scenario=scenario)


def _varied(variant: Variant, copy: int | None) -> dict[str, Any]:
    apart = ("matrix.backend", "matrix.workers", "actions")
    varied = {key: value for key, value in variant.varied.items() if key not in apart}
    if "actions" in variant.varied:
        varied["actions"] = ", ".join(map(describe_action, variant.scenario.actions))
    return varied if copy is None else {**varied, "copy": copy + 1}


def describe_action(action: Action) -> str:
    """Return an action in a few words, for labels."""
    target = "" if action.slot is None else f" {action.slot}"
    amount = "" if action.workers is None else f" {action.workers:+d}"
    return f"{action.do}{target}{amount} at {action.at:g}"
