"""What the processes held in their own memory, told by looks at them in the midst of the load.

Marks of a look: `entries` and `bytes`, what the cache of the process that answered held in that
process; `resident_bytes`, the memory of the process; `looked_at`, when, in seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from harness.analysis.measures.measure import SEED, Measure
from harness.analysis.prepared import PreparedTrial
from harness.arrays import Floats, Ints
from harness.model.simulate import Observations, entries_at

Told = Callable[[PreparedTrial, Ints, Floats], float | None]
"""Store and number of each look, in the order of time -> one number; asked with a look or more."""


def observed(told: Told, mark: str, reading: PreparedTrial) -> float | None:
    """Return a number of what was marked, with a store for each worker life; None without looks."""
    row = looks(reading)
    value = reading.samples.marked(mark)[row]
    return told(reading, reading.samples.life[row], value) if len(row) else None


def model_input(told: Told, reading: PreparedTrial, stores: Ints) -> float | None:
    """Return the same number, with the entries that LocMem caches must have held."""
    row = looks(reading)
    if reading.model_input is None or not len(row):
        return None
    looked = Observations(instance=stores[row], at_s=reading.samples.marked("looked_at")[row])
    held = np.zeros(len(row))
    for trace, kind in zip(reading.model_input.traces, reading.cache_profiles, strict=True):
        if kind.per_process:
            held += entries_at(trace, stores, looked, np.random.default_rng(SEED))
    return told(reading, looked.instance, held)


def looks(reading: PreparedTrial) -> Ints:
    """Return the requests that were looks, in the order of time."""
    at_s = reading.samples.marked("looked_at")
    rows = np.flatnonzero(~np.isnan(at_s) & (reading.samples.life >= 0))
    return rows[np.argsort(at_s[rows], kind="stable")]


def largest(_reading: PreparedTrial, _store: Ints, value: Floats) -> float:
    """Return the largest number that any look found."""
    return float(value.max())


def smallest_after_fall(_reading: PreparedTrial, store: Ints, value: Floats) -> float | None:
    """Return the smallest number that fell short of the look before at the same store."""
    order = np.argsort(store, kind="stable")
    same = store[order][1:] == store[order][:-1]
    later, earlier = value[order][1:], value[order][:-1]
    fell = later[same & (later < earlier)]
    return float(fell.min()) if len(fell) else None


def mean_at_last(_reading: PreparedTrial, store: Ints, value: Floats) -> float:
    """Return the mean over the stores of what the last look found."""
    return float(_last(store, value).mean())


def sum_at_last(_reading: PreparedTrial, store: Ints, value: Floats) -> float:
    """Return the sum over the stores of what the last look found."""
    return float(_last(store, value).sum())


def copies(reading: PreparedTrial, store: Ints, value: Floats) -> float | None:
    """Return the entries of all stores at their last look over the different keys looked up."""
    samples = reading.samples
    distinct = len(np.unique(samples.cache * len(samples.keys) + samples.key))
    return sum_at_last(reading, store, value) / distinct if distinct else None


def _last(store: Ints, value: Floats) -> Floats:
    """Return the last value of each store."""
    return value[len(store) - 1 - np.unique(store[::-1], return_index=True)[1]]


def _measure(name: str, unit: str, meaning: str, told: Told, mark: str = "entries") -> Measure:
    return Measure(
        name=name,
        unit=unit,
        better="lower" if name == "copies_per_key" else "",
        meaning=meaning,
        observed=partial(observed, told, mark),
        model_input=partial(model_input, told) if mark == "entries" else None,
    )


MEASURES = (
    _measure("entries_max", "count", "most entries seen in the memory of one process", largest),
    _measure(
        "entries_after_cull",
        "count",
        "fewest entries seen in a process that had held more at the look before",
        smallest_after_fall,
    ),
    _measure(
        "copies_per_key",
        "factor",
        "entries in the memory of all processes, over the different keys asked for",
        copies,
    ),
    _measure(
        "entries_per_worker",
        "count",
        "entries in the memory of a process at the last look at it, in the mean",
        mean_at_last,
    ),
    _measure(
        "cache_bytes",
        "bytes",
        "pickled values in the memory of all processes",
        sum_at_last,
        "bytes",
    ),
    _measure(
        "resident_bytes",
        "bytes",
        "memory of all worker processes, with everything in it",
        sum_at_last,
        "resident_bytes",
    ),
)
