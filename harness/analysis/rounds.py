"""What one round of one trial brought: a value for each metric that two trials are compared by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from harness.analysis.latency import (
    HIT,
    MISS,
    lookup_timings,
    request_timings,
    waited_since,
)
from harness.arrays import Floats
from harness.record.facts import LoadFacts, RoundFacts, TrialFacts
from harness.record.samples import Samples, split_rounds

SAMPLES_NEEDED = 10
"""In a round, for a time to be told: a median of fewer leans to one side."""


def values_by_round(facts: TrialFacts, samples: Samples) -> Mapping[str, Floats]:
    """Return each metric in each of the N rounds of a trial, nan where a round has none. [N]"""
    told = [
        round_values(facts.load, one, cost)
        for one, cost in zip(split_rounds(samples, len(facts.rounds)), facts.rounds, strict=True)
    ]
    names = dict.fromkeys(name for one in told for name in one)
    return {name: np.array([one.get(name, np.nan) for one in told]) for name in names}


def round_values(load: LoadFacts, samples: Samples, cost: RoundFacts) -> dict[str, float]:
    """Return what the samples of one round tell, by metric; what they do not tell is left out.

    Times are seconds. `hit_rate` is per lookup; `failed` per request, as is all else that is
    counted. Each miss is a call of the origin: the app has to get the value from somewhere.
    """
    if not samples.requests:
        return {}
    misses = int(np.count_nonzero(~samples.hit))
    values = {
        "failed": float(samples.failed.mean()),
        "origin_calls_per_request": misses / samples.requests,
    }
    if samples.lookups:
        values["hit_rate"] = 1 - misses / samples.lookups
    if cost.requests:
        values["cpu_per_request"] = cost.cpu_s / cost.requests
    return values | _times(load, samples)


def _times(load: LoadFacts, samples: Samples) -> dict[str, float]:
    requests = request_timings(samples, waited_since(load, samples))
    told: Mapping[str, tuple[Sequence[float] | Floats, float | None]] = {
        "request_median": (requests.seconds, 0.5),
        "request_mean": (requests.seconds, None),
        "request_p90": (requests.seconds, 0.9),
        "request_hit_median": (requests.seconds[requests.outcome == HIT], 0.5),
        "request_miss_median": (requests.seconds[requests.outcome == MISS], 0.5),
        "lookup_median": (lookup_timings(samples).seconds, 0.5),
    }
    return {
        name: float(np.mean(seconds) if p is None else np.quantile(seconds, p))
        for name, (seconds, p) in told.items()
        if len(seconds) >= SAMPLES_NEEDED
    }
