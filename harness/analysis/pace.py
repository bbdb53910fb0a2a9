"""Whether the load kept to its times: how late requests were, and who could not keep up."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.analysis.summary import Pace
from harness.arrays import Floats, Ints
from harness.record.facts import LoadFacts
from harness.record.samples import Samples

LATE_S = 0.001
"""A request that was sent later than this after it was due started late."""
SATURATED_FROM = 0.9  # CPU seconds of the load generator per second of wall clock
RATE_KEPT = 0.95
"""Share of the scheduled rate that a server has to let through."""
GROWTH_BORNE = 0.05
"""Seconds by which the wait may grow per second: more is a queue that only gets longer.

A server that keeps up with a share s of the arrivals makes it grow by 1 - s.
"""
REQUESTS_NEEDED = 8  # in a round, to tell its end from its beginning


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

    A busy generator is told first, since it makes any server look slow. A server can be told from
    an open loop only: there it falls behind when requests leave at less than `RATE_KEPT` of the
    scheduled rate, or when the wait from due to done grows by more than `GROWTH_BORNE` within
    most rounds.
    """
    if busy_share(load) > SATURATED_FROM:
        return "generator"
    if load.arrival_rate_per_second is None:
        return ""
    # Against the schedule and not against what was asked: random arrivals have luck of their own.
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
