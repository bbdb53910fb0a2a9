"""Requests, lookups and hits of each worker life, and its share of the answered requests."""

from __future__ import annotations

import numpy as np

from harness.analysis.summary import LifeSummary
from harness.arrays import Bools
from harness.model.closed_forms import effective_workers as effective
from harness.record.samples import Samples


def answered(samples: Samples) -> Bools:
    """Return which requests got an answer, with whatever status. [R]"""
    return samples.status > 0


def failures(samples: Samples) -> int:
    """Return how many requests failed, by the verdict of the Locust file."""
    return int(np.count_nonzero(samples.failed))


def life_summaries(samples: Samples) -> tuple[LifeSummary, ...]:
    """Return one summary per row of `samples.lives`, in their order."""
    lives = len(samples.lives)
    served = samples.life[answered(samples) & (samples.life >= 0)]
    requests = np.bincount(served, minlength=lives).tolist()
    known = samples.lookup_life >= 0
    lookups = np.bincount(samples.lookup_life[known], minlength=lives).tolist()
    hits = np.bincount(samples.lookup_life[known & samples.hit], minlength=lives).tolist()
    return tuple(
        LifeSummary(
            server=server,
            slot=slot,
            generation=generation,
            pid=pid,
            requests=requests[row],
            lookups=lookups[row],
            hits=hits[row],
            hit_rate=hits[row] / lookups[row] if lookups[row] else None,
            share=requests[row] / len(served) if len(served) else 0.0,
        )
        for row, (server, slot, generation, pid) in enumerate(samples.lives.tolist())
    )


def effective_workers(lives: tuple[LifeSummary, ...]) -> float | None:
    """Return 1 / sum of squared shares of the slots; None when no life answered."""
    shares: dict[tuple[int, int], float] = {}
    for life in lives:
        place = (life.server, life.slot)
        shares[place] = shares.get(place, 0.0) + life.share
    return effective(list(shares.values())) if any(shares.values()) else None
