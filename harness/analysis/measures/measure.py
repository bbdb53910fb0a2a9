"""What a measure is: a number read from the response fields of a trial, and what the model expects.

Name, unit and meaning of a measure are its row in `harness.metrics`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from harness.analysis.prepared import PreparedTrial
from harness.analysis.summary import Figure
from harness.arrays import Floats, Ints
from harness.model.simulate import interval_of_draws
from harness.stats.interval import Interval

SEED = 0x6D65617375726573
DRAWS = 200

V = TypeVar("V")
Parts = tuple[float, float]
"""What was counted, and what it is compared with; 0 where the trial has nothing of the kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One number of a trial, with the name of a row in `harness.metrics`.

    `observed` returns it, None where the trial has nothing of the kind. `modeled` returns what it
    must be if request r was answered from store `stores[r]` (stores [R]): one for each process, or
    one for all.
    """

    name: str
    observed: Callable[[PreparedTrial], float | None]
    modeled: Callable[[PreparedTrial, Ints], float | None] | None = None


def seen_and_modeled(
    seen: Callable[[PreparedTrial], V],
    modeled: Callable[[PreparedTrial, Ints], V],
    **numbers: Callable[[V], float | None],
) -> tuple[Measure, ...]:
    """Return measures by name, each one number of a view of the trial: as seen, and as modeled."""

    def measure(name: str, number: Callable[[V], float | None]) -> Measure:
        return Measure(
            name=name,
            observed=lambda trial: number(seen(trial)),
            modeled=lambda trial, stores: number(modeled(trial, stores)),
        )

    return tuple(measure(name, number) for name, number in numbers.items())


def measured(trial: PreparedTrial, measures: Sequence[Measure]) -> Mapping[str, Figure]:
    """Return what the trial has of each measure, by name, each with its prediction."""
    values = {one.name: (one, one.observed(trial)) for one in measures}
    return {
        name: Figure(value=value, expected=expected(one, trial))
        for name, (one, value) in values.items()
        if value is not None
    }


def expected(measure: Measure, trial: PreparedTrial) -> Interval | None:
    """Return mean and 95 % bounds of the model under random routing; None where it says nothing.

    Workers are drawn by their measured shares. A cache that all workers share is one store, and
    leaves nothing to chance.
    """
    if measure.modeled is None:
        return None
    if is_shared(trial):
        value = measure.modeled(trial, np.zeros(trial.samples.requests, np.int64))
        return None if value is None else Interval(value=value, low=value, high=value)
    if trial.model_input is None:
        return None
    rng = np.random.default_rng([SEED, trial.facts.number])
    routing, sent_s = trial.model_input.routing, trial.samples.sent_s
    drawn = [measure.modeled(trial, routing.draw(sent_s, rng)) for _ in range(DRAWS)]
    values = [value for value in drawn if value is not None]
    if len(values) < DRAWS:
        return None
    return interval_of_draws(np.array(values))


def is_shared(trial: PreparedTrial) -> bool:
    """Return whether no cache that the trial used is one per process."""
    return not any(profile.per_process for profile in trial.cache_profiles)


def known(values: Floats) -> Ints:
    """Return the rows that have a value."""
    return np.flatnonzero(~np.isnan(values))


def ratio(parts: Parts) -> float | None:
    """Return what was counted over what it is compared with; None without any."""
    counted, among = parts
    return counted / among if among else None


def pairs(one: Floats | Ints, other: Floats | Ints) -> tuple[Floats, Ints, Ints]:
    """Return the distinct pairs of two columns, the pair of each row, and the rows of each pair."""
    table = np.column_stack([one, other])
    found: tuple[Floats, Ints, Ints] = np.unique(
        table, axis=0, return_inverse=True, return_counts=True
    )
    return found
