"""What breaks when many do the same thing concurrently: rate limits, locks, counters, stampedes.

Each function returns None where the trial has no response fields of its kind. They are:

* rate limits: `allowed`, 1 or 0; `limit`, how many requests a client may send in a window that
  outlasts the trial; `client`, who sent the request;
* locks: `held`, 1 or 0; if held, `held_from` and `held_until`, in seconds on the one clock that all
  workers of a machine share; for a job that should run once: `once`, which job; `ran`, 1 or 0;
* counters: `counter`, which one; `count`, its value after this increment; `at_once`, 1 where the
  app had the cache add in one step, 0 where it read and then wrote;
* reports: `report`, which one was requested; `computed`, 1 or 0; `locked`, 1 where the app lets all
  but the first wait.
"""

import numpy as np

from harness.analysis.measures.measure import (
    Measure,
    Parts,
    is_shared,
    known,
    pairs,
    ratio,
    seen_and_modeled,
)
from harness.analysis.prepared import PreparedTrial
from harness.analysis.profiles import get_s, write_s
from harness.arrays import Floats, Ints


def requests_granted(trial: PreparedTrial) -> Parts:
    """Return the requests that were allowed, and those that the limits let through in all."""
    granted = _let_through(trial, np.zeros(trial.samples.requests, np.int64))
    return float(np.nansum(trial.samples.marked("allowed"))), granted


def granted_modeled(trial: PreparedTrial, stores: Ints) -> Parts:
    """Return the same for a counter in each store."""
    return _let_through(trial, stores), _let_through(trial, np.zeros_like(stores))


def _let_through(trial: PreparedTrial, stores: Ints) -> float:
    """Return the sum over clients and stores of min(requests there, the client's own limit)."""
    client, limit = trial.samples.marked("client"), trial.samples.marked("limit")
    row = known(client)
    _, which, requests = pairs(client[row], stores[row])
    limits = np.zeros(len(requests))
    limits[which] = limit[row]
    return float(np.minimum(requests, limits).sum())


def lock_holders(trial: PreparedTrial) -> float | None:
    """Return the most that held the lock at one moment."""
    if np.isnan(trial.samples.marked("held")).all():
        return None
    begun_s = trial.samples.marked("held_from")
    ended_s = trial.samples.marked("held_until")
    held = known(begun_s)
    # At equal times the end comes first: a lock may be taken at the moment it is released.
    times_s = np.concatenate([ended_s[held], begun_s[held]])
    change = np.repeat([-1, 1], len(held))
    return float(change[np.argsort(times_s, kind="stable")].cumsum().max(initial=0))


def holders_modeled(trial: PreparedTrial, stores: Ints) -> float | None:
    """Return 1 for a lock that all find in one store; how many overlap otherwise is unknown."""
    asked = known(trial.samples.marked("held"))
    return 1.0 if len(np.unique(stores[asked])) == 1 else None


def runs_of_jobs(trial: PreparedTrial) -> Parts:
    """Return the runs of jobs that should run once, and how many such jobs there are."""
    return float(np.nansum(trial.samples.marked("ran"))), trial.samples.distinct("once")


def jobs_modeled(trial: PreparedTrial, stores: Ints) -> Parts:
    """Return the same if each store lets the first request for a job run it."""
    job = trial.samples.marked("once")
    row = known(job)
    return len(pairs(job[row], stores[row])[0]), trial.samples.distinct("once")


def updates_lost(trial: PreparedTrial) -> float | None:
    """Return the share of increments that no counter of any store holds."""
    stores = np.zeros_like(trial.samples.life) if is_shared(trial) else trial.samples.life
    highest, made = _counters(trial, stores)
    return 1 - float(highest.sum() / made.sum()) if made.size else None


def lost_modeled(trial: PreparedTrial, stores: Ints) -> float | None:
    """Return 0 where each store adds in one step; how many are lost otherwise is unknown."""
    _, made = _counters(trial, stores)
    return 0.0 if made.size and _in_one_step(trial) else None


def highest_count(trial: PreparedTrial) -> float | None:
    """Return the value of the highest counter of each kind, over all increments."""
    highest, made = _counters(trial, trial.samples.life)
    return _of_the_highest(highest, made) if made.size else None


def highest_modeled(trial: PreparedTrial, stores: Ints) -> float | None:
    """Return the same if each store holds all increments made there; None where some get lost."""
    _, made = _counters(trial, stores)
    return _of_the_highest(made, made) if made.size and _in_one_step(trial) else None


def _counters(trial: PreparedTrial, stores: Ints) -> tuple[Floats, Floats]:
    """Return the highest count seen and the increments made, by counter and store. [C, S], [C, S]

    Empty where nothing was counted.
    """
    count, counter = trial.samples.marked("count"), trial.samples.marked("counter")
    row = known(count)
    counters, which = np.unique(counter[row], return_inverse=True)
    slots, where = np.unique(stores[row], return_inverse=True)
    highest, made = np.zeros((2, len(counters), len(slots)))
    np.maximum.at(highest, (which, where), count[row])
    np.add.at(made, (which, where), 1)
    return highest, made


def _of_the_highest(counts: Floats, made: Floats) -> float:
    return float(counts.max(axis=1).sum() / made.sum())


def _in_one_step(trial: PreparedTrial) -> bool:
    in_one_step = trial.samples.marked("at_once")
    return bool(in_one_step[known(in_one_step)].all())


def computations(trial: PreparedTrial) -> Parts:
    """Return the computations of reports, and how many reports were requested."""
    return float(np.nansum(trial.samples.marked("computed"))), trial.samples.distinct("report")


def computations_modeled(trial: PreparedTrial, stores: Ints) -> Parts:
    """Return the same for a cache, and a lock, in each store.

    Behind a lock each store computes once. Without one, all compute that looked before the first
    in their store was done; when each looked, and how long it took, is as measured.
    """
    report, reports = trial.samples.marked("report"), trial.samples.distinct("report")
    row = known(report)
    groups, which, _ = pairs(report[row], stores[row])
    if trial.samples.marked("locked")[row].all():
        return len(groups), reports
    looked_s, took_s = _computations(trial)
    done_s = np.full(len(groups), np.inf)
    np.minimum.at(done_s, which, (looked_s + took_s)[row])
    return float(np.count_nonzero(looked_s[row] < done_s[which])), reports


def _computations(trial: PreparedTrial) -> tuple[Floats, Floats]:
    """Return when each request looked, and how long its computation took from then on. [R], [R]

    A request that computed nothing is taken to need as long as the others. nan, where a request
    looked nothing up.
    """
    samples = trial.samples
    looked_s, took_s = np.full((2, samples.requests), np.nan)
    looked_s[samples.request] = get_s(samples)
    took_s[samples.request] = write_s(samples) - get_s(samples)
    timed = took_s[known(took_s)]
    return looked_s, np.where(np.isnan(took_s), np.median(timed) if len(timed) else 0.0, took_s)


MEASURES = (
    *seen_and_modeled(requests_granted, granted_modeled, limits_granted=ratio),
    *seen_and_modeled(runs_of_jobs, jobs_modeled, once_runs=ratio),
    *seen_and_modeled(computations, computations_modeled, origin_runs=ratio),
    Measure(name="lock_holders", observed=lock_holders, modeled=holders_modeled),
    Measure(name="updates_lost", observed=updates_lost, modeled=lost_modeled),
    Measure(name="highest_count", observed=highest_count, modeled=highest_modeled),
)
