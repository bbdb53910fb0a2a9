"""`Scenario` -> the trials of a run, in the order in which they are served."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, product
from typing import Any

from harness.scenario.schema import Action, Scenario
from harness.scenario.variants import Variant, expand_variants
from harness.setup import HasSetup, Setup


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
        return _is_balanced(self.scenario)

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
    trials: list[tuple[Trial, ...]] = []
    number = 0
    for variant in expand_variants(scenario, where):
        matrix = variant.scenario.matrix
        for workers in matrix.workers:
            group = []
            for backend, copy in product(matrix.backend, range(matrix.copies)):
                varied = _varied(variant, copy if matrix.copies > 1 else None)
                group.append(_trial(number, variant.scenario, varied, backend, workers))
                number += 1
            together = variant.scenario.load.rounds > 1
            trials += [tuple(group)] if together else [(trial,) for trial in group]
    return tuple(trials)


def duel_group(sides: Sequence[Scenario], varied: Sequence[Mapping[str, Any]]) -> tuple[Trial, ...]:
    """Return a trial for each scenario, which has one backend and one number of workers."""
    return tuple(
        _trial(number, side, values, side.matrix.backend[0], side.matrix.workers[0])
        for number, (side, values) in enumerate(zip(sides, varied, strict=True))
    )


def turns(group: tuple[Trial, ...]) -> tuple[Turn, ...]:
    """Return who serves which part of the trace when: A B, B A, A B, …

    Alternating the order as well keeps a steady drift of the machine out of the comparison.
    """
    load = group[0].scenario.load
    bounds = [load.requests * part // load.rounds for part in range(load.rounds + 1)]
    return tuple(
        Turn(trial=trial, round=number, first=bounds[number], last=bounds[number + 1])
        for number in range(load.rounds)
        for trial in (group if number % 2 == 0 else reversed(group))
    )


def turns_without_end(group: tuple[Trial, ...], requests: int) -> Iterator[Turn]:
    """Yield turns in rounds of so many requests: A B, B A, … for whoever knows when it is enough.

    The trace goes on for as long as it takes: each of its keys depends on seed and position alone.
    """
    for number in count():
        for trial in group if number % 2 == 0 else reversed(group):
            first = number * requests
            yield Turn(trial=trial, round=number, first=first, last=first + requests)


def most_keys(trials: Sequence[Trial]) -> Trial:
    """Return the trial with the most keys: the app is prepared once, and that has to do for all."""
    return max(trials, key=lambda trial: trial.scenario.load.keys)


def _trial(
    number: int, scenario: Scenario, varied: Mapping[str, Any], backend: str, workers: int
) -> Trial:
    routing = scenario.server.routing if _is_balanced(scenario) else ""
    setup = Setup.of(scenario, varied, backend=backend, workers=workers, routing=routing)
    return Trial(number=number, setup=setup, scenario=scenario)


def _is_balanced(scenario: Scenario) -> bool:
    return scenario.server.balancer or scenario.server.servers > 1


_TOLD_APART = ("matrix.backend", "matrix.workers")
"""Keys that a case may set and that each trial has a field of its own for."""


def _varied(variant: Variant, copy: int | None) -> dict[str, Any]:
    apart = (*_TOLD_APART, "actions")
    varied = {key: value for key, value in variant.varied.items() if key not in apart}
    if "actions" in variant.varied:
        varied["actions"] = ", ".join(map(describe_action, variant.scenario.actions))
    return varied if copy is None else {**varied, "copy": copy + 1}


def describe_action(action: Action) -> str:
    """Return an action in a few words, for labels."""
    target = "" if action.slot is None else f" {action.slot}"
    amount = "" if action.workers is None else f" {action.workers:+d}"
    return f"{action.do}{target}{amount} at {action.at:g}"
