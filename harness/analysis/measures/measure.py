"""What a measure is: a number read from the marks of a trial, and what theory expects of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.analysis.prepared import PreparedTrial
from harness.analysis.summary import Figure
from harness.arrays import Ints
from harness.model.simulate import interval_of_draws
from harness.stats.interval import Interval

SEED = 0x6D65617375726573
DRAWS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One number of a trial.

    `observed` returns it, None where the trial has nothing of the kind. `model_input` returns what
    it must be if request r was answered from store `stores[r]` (stores [R]): one for each process,
    or one for all. `better` is "higher", "lower" or "" where neither is. `unit` and `timed` as in
    `metrics`; what is told in seconds is always timed.
    """

    name: str
    unit: str
    meaning: str
    observed: Callable[[PreparedTrial], float | None]
    model_input: Callable[[PreparedTrial, Ints], float | None] | None = None
    better: str = ""
    timed: bool = False


def measured(reading: PreparedTrial, measures: Sequence[Measure]) -> Mapping[str, Figure]:
    """Return what the trial has of each measure, by name, each with its prediction."""
    values = {one.name: (one, one.observed(reading)) for one in measures}
    return {
        name: Figure(value=value, expected=expected(one, reading))
        for name, (one, value) in values.items()
        if value is not None
    }


def expected(measure: Measure, reading: PreparedTrial) -> Interval | None:
    """Return mean and 95 % bounds of the model under random routing; None where it says nothing.

    Workers are drawn by their measured shares. A cache that all workers share is one store, and
    leaves nothing to chance.
    """
    if measure.model_input is None:
        return None
    if is_shared(reading):
        value = measure.model_input(reading, np.zeros(reading.samples.requests, np.int64))
        return None if value is None else Interval(value=value, low=value, high=value)
    if reading.model_input is None:
        return None
    rng = np.random.default_rng([SEED, reading.facts.number])
    routing, sent_s = reading.model_input.routing, reading.samples.sent_s
    drawn = [measure.model_input(reading, routing.draw(sent_s, rng)) for _ in range(DRAWS)]
    values = [value for value in drawn if value is not None]
    if len(values) < DRAWS:
        return None
    return interval_of_draws(np.array(values))


def is_shared(reading: PreparedTrial) -> bool:
    """Return whether no cache that the trial used is one per process."""
    return not any(kind.per_process for kind in reading.cache_profiles)
