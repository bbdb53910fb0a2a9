"""Samples to durations: how long each lookup or request took, in which round, hit or miss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.arrays import Bools, Floats, Ints
from harness.record.facts import LoadFacts
from harness.record.samples import Samples

MISS, HIT, NEITHER = 0, 1, -1
OUTCOMES = {"all": None, "hit": HIT, "miss": MISS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Durations of n lookups or requests, ascending."""

    seconds: Floats  # [n]
    round: Ints  # [n]
    outcome: Ints  # [n] HIT, MISS, or NEITHER for a request without a lookup

    def of(self, outcome: str) -> Timings:
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

    A request is a hit if it looked something up and missed nothing. Failures are left out: an
    error page that comes immediately is no fast answer.
    """
    rows = succeeded(samples)
    seconds = (samples.done_s - since_s)[rows]
    return _timings(seconds, samples.round[rows], request_outcomes(samples)[rows])


def waited_since(load: LoadFacts, samples: Samples) -> Floats:
    """Return from when each request was waited for. [R]

    In an open loop that is when it was due; in a closed one no user wants it before it is sent.
    """
    return samples.sent_s if load.arrival_rate_per_second is None else samples.due_s


def succeeded(samples: Samples) -> Bools:
    """Return which requests were answered, and by the Locust file's verdict well. [R]

    A status that the Locust file accepts, such as 429, is no failure; a page that it could not
    read is one, whatever its status.
    """
    return (samples.status > 0) & ~samples.failed


def request_outcomes(samples: Samples) -> Ints:
    """Return HIT, MISS or NEITHER for each request. [R]"""
    lookups = np.bincount(samples.request, minlength=samples.requests)
    misses = np.bincount(samples.request[~samples.hit], minlength=samples.requests)
    outcome: Ints = np.where(misses > 0, MISS, np.where(lookups > 0, HIT, NEITHER))
    return outcome


def _timings(seconds: Floats, number: Ints, outcome: Ints) -> Timings:
    order = np.argsort(seconds)
    return Timings(seconds=seconds[order], round=number[order], outcome=outcome[order])
