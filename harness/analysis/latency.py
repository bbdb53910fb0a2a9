"""How long lookups and requests of one trial took, and whether the load kept to its times.

Knows nothing of other trials.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from harness.analysis.summary import LatencySummary, Pace, Times, TimesByOutcome
from harness.arrays import Floats, Ints
from harness.record.facts import LoadFacts, TrialFacts
from harness.record.samples import Samples
from harness.stats.quantiles import mean, quantile

MISS, HIT, NEITHER = 0, 1, -1
OUTCOMES = {"all": None, "hit": HIT, "miss": MISS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Durations of n lookups or requests, ascending."""

    seconds: Floats  # [n]
    round: Ints  # [n]
    outcome: Ints  # [n] HIT, MISS, or NEITHER for a request without a lookup

    def of(self, outcome: str) -> "Timings":
        """Return those of one of `OUTCOMES`."""
        code = OUTCOMES[outcome]
        if code is None:
            return self
        rows = self.outcome == code
        return Timings(
            seconds=self.seconds[rows], round=self.round[rows], outcome=self.outcome[rows]
        )


def lookup_timings(samples: Samples) -> Timings:
    """Return the time of every lookup, as the worker took it."""
    return _timings(samples.lookup_s, samples.round[samples.request], samples.hit.astype(np.int64))


def request_timings(samples: Samples, since_s: Floats) -> Timings:
    """Return the time of every request that succeeded, from `since_s` [R] to the answer's end.

    A request is a hit if it looked something up and missed nothing. Failures, by the Locust file's
    verdict, are left out: an error page that comes immediately is no fast answer. A status that
    the Locust file accepts, such as 429, is no failure; a page that it could not read is one,
    whatever its status.
    """
    rows = (samples.status > 0) & ~samples.failed
    lookups = np.bincount(samples.request, minlength=samples.requests)
    misses = np.bincount(samples.request[~samples.hit], minlength=samples.requests)
    outcome = np.where(misses > 0, MISS, np.where(lookups > 0, HIT, NEITHER))
    return _timings((samples.done_s - since_s)[rows], samples.round[rows], outcome[rows])


def waited_since(load: LoadFacts, samples: Samples) -> Floats:
    """Return from when each request was waited for. [R]

    In an open loop that is when it was due; in a closed one no user wants it before it is sent.
    """
    return samples.sent_s if load.arrival_rate_per_second is None else samples.due_s


def _timings(seconds: Floats, number: Ints, outcome: Ints) -> Timings:
    order = np.argsort(seconds)
    return Timings(seconds=seconds[order], round=number[order], outcome=outcome[order])


LATE_S = 0.001
"""A request that was sent later than this after it was due started late."""
SATURATED_FROM = 0.9  # CPU seconds of the load generator per second of wall clock
RATE_KEPT = 0.95
"""Share of the scheduled rate that a server has to let through."""
GROWTH_BORNE = 0.05
"""Seconds by which the wait may grow per second: more is a queue that only gets longer.

A server that keeps up with a share s of the arrivals makes it grow by 1 - s.
"""
REQUESTS_NEEDED = 8  # in a round, to compare its end with its beginning


def pace(load: LoadFacts, samples: Samples) -> Pace | None:
    """Return how an open loop kept to its times; None for a closed one or without requests."""
    if load.arrival_rate_per_second is None or not samples.requests:
        return None
    lag_s = samples.sent_s - samples.due_s
    return Pace(
        asked_per_second=load.arrival_rate_per_second,
        achieved_per_second=_rate(samples, samples.sent_s),
        late=int(np.count_nonzero(lag_s > LATE_S)),
        worst_lag_s=float(max(lag_s.max(), 0.0)),
    )


def busy_share(load: LoadFacts) -> float:
    """Return the CPU seconds of the load generator per second; 0.0 where no time passed."""
    return load.cpu_s / load.wall_s if load.wall_s > 0 else 0.0


def saturated(load: LoadFacts, samples: Samples) -> str:
    """Return "generator" or "server", whichever could not keep up, or nothing.

    A busy generator comes first, since it makes any server look slow. A server can be judged from
    an open loop only: there it falls behind when requests leave at less than `RATE_KEPT` of the
    scheduled rate, or when the wait from due to done grows by more than `GROWTH_BORNE` within
    most rounds.
    """
    if busy_share(load) > SATURATED_FROM:
        return "generator"
    if load.arrival_rate_per_second is None:
        return ""
    # Against the schedule and not the nominal rate: random arrivals vary by themselves.
    scheduled, achieved = _rate(samples, samples.due_s), _rate(samples, samples.sent_s)
    slow = scheduled is not None and achieved is not None and achieved < RATE_KEPT * scheduled
    return "server" if slow or wait_growth(samples) > GROWTH_BORNE else ""


def wait_growth(samples: Samples) -> float:
    """Return by how many seconds per second the wait grew within a round: the median over rounds.

    Of each round, the median wait of the last quarter of requests against that of the first, so
    that single slow answers do not count. 0.0 without a round of `REQUESTS_NEEDED`.
    """
    growths = [
        _growth(samples.due_s[rows], samples.done_s[rows])
        for rows in _rounds(samples)
        if len(rows) >= REQUESTS_NEEDED
    ]
    return float(np.median(growths)) if growths else 0.0


def _growth(due_s: Floats, done_s: Floats) -> float:
    order = np.argsort(due_s, kind="stable")
    quarter = len(order) // 4
    first, last = order[:quarter], order[-quarter:]
    wait_s = done_s - due_s
    apart_s = float(np.median(due_s[last]) - np.median(due_s[first]))
    grown_s = float(np.median(wait_s[last]) - np.median(wait_s[first]))
    return grown_s / apart_s if apart_s > 0 else 0.0


def _rate(samples: Samples, at_s: Floats) -> float | None:
    """Return events per second within rounds; None where no time passed between any two."""
    spans_s = [float(np.ptp(at_s[rows])) for rows in _rounds(samples)]
    total_s = sum(spans_s)
    return (samples.requests - len(spans_s)) / total_s if total_s > 0 else None


def _rounds(samples: Samples) -> Iterator[Ints]:
    """Yield the rows of each round."""
    order = np.argsort(samples.round, kind="stable")
    bounds = np.flatnonzero(np.diff(samples.round[order])) + 1
    yield from (rows for rows in np.split(order, bounds) if len(rows))


QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99.9": 0.999}


def latency(facts: TrialFacts, samples: Samples) -> LatencySummary | None:
    """Return the times of a trial; None without requests.

    The times of requests are withheld where load generator or server could not keep up: they
    would measure the queue. Those of lookups are taken inside the worker, and hold.
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
    return TimesByOutcome(**{name: _times(timings.of(name).seconds, withheld) for name in OUTCOMES})


def _times(seconds: Floats, withheld: bool) -> Times:
    return Times(
        count=len(seconds),
        mean_s=None if withheld else mean(seconds),
        quantiles_s={
            name: None if withheld else quantile(seconds, p) for name, p in QUANTILES.items()
        },
    )
