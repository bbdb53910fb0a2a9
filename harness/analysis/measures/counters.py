"""What became of increments that many made of the same counters.

Marks: `counter`, which one; `count`, what it stood at after this increment; `at_once`, 1 where the
app had the cache add in one step, 0 where it read and then wrote.
"""

from __future__ import annotations

import numpy as np

from harness.analysis.measures.measure import Measure, is_shared
from harness.analysis.prepared import PreparedTrial
from harness.arrays import Floats, Ints


def updates_lost(reading: PreparedTrial) -> float | None:
    """Return the share of increments that no counter of any store holds; None without any."""
    stores = np.zeros_like(reading.samples.life) if is_shared(reading) else reading.samples.life
    highest, made = _counters(reading, stores)
    return 1 - float(highest.sum() / made.sum()) if made.size else None


def lost_modelled(reading: PreparedTrial, stores: Ints) -> float | None:
    """Return 0 where each store adds in one step; how many meet in between else is not known."""
    _, made = _counters(reading, stores)
    return 0.0 if made.size and _at_once(reading) else None


def highest_count(reading: PreparedTrial) -> float | None:
    """Return what the highest counter of each kind stands at, over all increments."""
    highest, made = _counters(reading, reading.samples.life)
    return _of_the_highest(highest, made) if made.size else None


def highest_modelled(reading: PreparedTrial, stores: Ints) -> float | None:
    """Return the same if each store holds all increments made there; None where some get lost."""
    _, made = _counters(reading, stores)
    return _of_the_highest(made, made) if made.size and _at_once(reading) else None


def _counters(reading: PreparedTrial, stores: Ints) -> tuple[Floats, Floats]:
    """Return the highest count seen and the increments made, by counter and store. [C, S], [C, S]

    Empty where nothing was counted.
    """
    count, counter = reading.samples.marked("count"), reading.samples.marked("counter")
    rows = np.flatnonzero(~np.isnan(count))
    counters, which = np.unique(counter[rows], return_inverse=True)
    places, where = np.unique(stores[rows], return_inverse=True)
    highest, made = np.zeros((2, len(counters), len(places)))
    np.maximum.at(highest, (which, where), count[rows])
    np.add.at(made, (which, where), 1)
    return highest, made


def _of_the_highest(counts: Floats, made: Floats) -> float:
    return float(counts.max(axis=1).sum() / made.sum())


def _at_once(reading: PreparedTrial) -> bool:
    told = reading.samples.marked("at_once")
    return bool(told[~np.isnan(told)].all())


MEASURES = (
    Measure(
        name="updates_lost",
        unit="share",
        better="lower",
        meaning="share of the increments that no counter holds",
        observed=updates_lost,
        model_input=lost_modelled,
    ),
    Measure(
        name="highest_count",
        unit="share",
        better="higher",
        meaning="share of the increments that the highest counter of each kind holds",
        observed=highest_count,
        model_input=highest_modelled,
    ),
)
