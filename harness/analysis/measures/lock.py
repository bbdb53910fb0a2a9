"""How many held a lock at the same time, and how often a job ran that was to run once.

Marks of a request for the lock: `held`, 1 or 0; if held, `held_from` and `held_until`, seconds on
the one clock that all workers of a machine share. Of a request for a job that runs once: `once`,
which job; `ran`, 1 or 0.
"""

from __future__ import annotations

import numpy as np

from harness.analysis.measures.measure import Measure
from harness.analysis.prepared import PreparedTrial
from harness.arrays import Ints


def lock_holders(reading: PreparedTrial) -> float | None:
    """Return the most that held the lock at one moment; None where nobody asked for it."""
    if np.isnan(reading.samples.marked("held")).all():
        return None
    begun_s = reading.samples.marked("held_from")
    ended_s = reading.samples.marked("held_until")
    held = np.flatnonzero(~np.isnan(begun_s))
    # At equal times the end comes first: a lock may be taken at the moment it is given back.
    times_s = np.concatenate([ended_s[held], begun_s[held]])
    change = np.repeat([-1, 1], len(held))
    return float(change[np.argsort(times_s, kind="stable")].cumsum().max(initial=0))


def holders_modelled(reading: PreparedTrial, stores: Ints) -> float | None:
    """Return 1 for a lock that all find in one store; how many come to overlap is not known."""
    asked = ~np.isnan(reading.samples.marked("held"))
    return 1.0 if len(np.unique(stores[asked])) == 1 else None


def once_runs(reading: PreparedTrial) -> float | None:
    """Return runs per job of the jobs that were to run once; None without any."""
    ran, jobs = reading.samples.marked("ran"), reading.samples.distinct("once")
    return float(np.nansum(ran)) / jobs if jobs else None


def once_modelled(reading: PreparedTrial, stores: Ints) -> float | None:
    """Return the same if each store lets the first that asks for a job run it."""
    job = reading.samples.marked("once")
    asked, jobs = ~np.isnan(job), reading.samples.distinct("once")
    first = np.unique(np.column_stack([job[asked], stores[asked]]), axis=0)
    return len(first) / jobs if jobs else None


MEASURES = (
    Measure(
        name="lock_holders",
        unit="count",
        better="lower",
        meaning="most that held one lock at the same time",
        observed=lock_holders,
        model_input=holders_modelled,
    ),
    Measure(
        name="once_runs",
        unit="factor",
        better="lower",
        meaning="runs of a job that was to run once",
        observed=once_runs,
        model_input=once_modelled,
    ),
)
