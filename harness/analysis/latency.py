"""How long lookups and requests of one trial took. Knows nothing of other trials."""

from __future__ import annotations

import numpy as np

from harness.analysis.pace import pace, saturated
from harness.analysis.summary import LatencySummary, Times, TimesByOutcome
from harness.analysis.timings import (
    OUTCOMES,
    Timings,
    lookup_timings,
    request_timings,
    waited_since,
)
from harness.record.facts import TrialFacts
from harness.record.samples import Samples
from harness.stats.quantiles import mean, quantile

QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99.9": 0.999}


def latency(facts: TrialFacts, samples: Samples) -> LatencySummary | None:
    """Return the times of a trial; None without requests.

    The times of requests are withheld where load generator or server could not keep up: they
    would tell of the queue. Those of lookups are taken inside of the worker, and stand.
    """
    if not samples.requests:
        return None
    is_open = facts.load.arrival_rate_per_second is not None
    behind = saturated(facts.load, samples)
    request = request_timings(samples, waited_since(facts.load, samples))
    service = request_timings(samples, samples.sent_s) if is_open else None
    return LatencySummary(
        rounds=len(np.unique(samples.round)),
        lookup=_by_outcome(lookup_timings(samples)),
        request=_by_outcome(request, withheld=bool(behind)),
        service=_by_outcome(service, withheld=bool(behind)) if service else None,
        pace=pace(facts.load, samples),
        saturated=behind,
    )


def _by_outcome(timings: Timings, *, withheld: bool = False) -> TimesByOutcome:
    return TimesByOutcome(**{name: _times(timings.of(name), withheld) for name in OUTCOMES})


def _times(timings: Timings, withheld: bool) -> Times:
    seconds = timings.seconds
    return Times(
        count=len(seconds),
        mean_s=None if withheld else mean(seconds),
        quantiles_s={
            name: None if withheld else quantile(seconds, p) for name, p in QUANTILES.items()
        },
    )
