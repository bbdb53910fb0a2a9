"""What one round of one trial measured: a value for each metric that two trials are compared by."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from harness.analysis.latency import (
    SAMPLES_NEEDED,
    Timings,
    lookup_timings,
    request_timings,
    waited_since,
)
from harness.arrays import Floats
from harness.record.facts import LoadFacts, RoundFacts, TrialFacts
from harness.record.samples import Samples, split_rounds


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedRound:
    """One round as its metrics are computed from it, with at least one request."""

    samples: Samples
    cost: RoundFacts
    requests: Timings
    lookups: Timings


def values_by_round(facts: TrialFacts, samples: Samples) -> Mapping[str, Floats]:
    """Return each metric in each of the N rounds of a trial, nan where a round has none. [N]"""
    rounds = [
        round_values(facts.load, one, cost)
        for one, cost in zip(split_rounds(samples, len(facts.rounds)), facts.rounds, strict=True)
    ]
    return by_metric(rounds)


def by_metric(rounds: list[dict[str, float]]) -> dict[str, Floats]:
    """Return the values of N rounds by metric, nan where a round has none. [N]"""
    names = dict.fromkeys(name for one in rounds for name in one)
    return {name: np.array([one.get(name, np.nan) for one in rounds]) for name in names}


def round_values(load: LoadFacts, samples: Samples, cost: RoundFacts) -> dict[str, float]:
    """Return the metrics of one round; what its samples do not show is left out.

    Times are seconds. `hit_rate` is per lookup, all other counts are per request. Each miss is a
    call of the origin: the app has to get the value from somewhere.
    """
    if not samples.requests:
        return {}
    served = ServedRound(
        samples=samples,
        cost=cost,
        requests=request_timings(samples, waited_since(load, samples)),
        lookups=lookup_timings(samples),
    )
    values = {name: value(served) for name, value in PER_ROUND.items()}
    return {name: float(value) for name, value in values.items() if value is not None}


def _origin_per_request(served: ServedRound) -> float:
    return int(np.count_nonzero(~served.samples.hit)) / served.samples.requests


def _hit_rate(served: ServedRound) -> float | None:
    return float(served.samples.hit.mean()) if served.samples.lookups else None


def _cpu_s(served: ServedRound) -> float | None:
    return served.cost.cpu_s / served.cost.requests if served.cost.requests else None


def _time(part: str, outcome: str, quantile: float | None, served: ServedRound) -> float | None:
    """Return a quantile, or the mean for None; None where too few were timed."""
    seconds = getattr(served, part).of(outcome).seconds
    if len(seconds) < SAMPLES_NEEDED:
        return None
    return float(np.mean(seconds) if quantile is None else np.quantile(seconds, quantile))


PER_ROUND: Mapping[str, Callable[[ServedRound], float | None]] = {
    "failed_requests": lambda served: float(served.samples.failed.mean()),
    "hit_rate": _hit_rate,
    "origin_per_request": _origin_per_request,
    "cpu_per_request_s": _cpu_s,
    "request_p50_s": partial(_time, "requests", "all", 0.5),
    "request_mean_s": partial(_time, "requests", "all", None),
    "request_p90_s": partial(_time, "requests", "all", 0.9),
    "request_hit_p50_s": partial(_time, "requests", "hit", 0.5),
    "request_miss_p50_s": partial(_time, "requests", "miss", 0.5),
    "lookup_p50_s": partial(_time, "lookups", "all", 0.5),
}
"""Every metric that a round has, and so every one of a duel."""
