"""The hit rate to expect: the same trace at the same times, with random routing, many times.

Random are the routing, by the measured shares, and the refills, from those observed. Nothing
else is free, so the interval says how far luck alone can take a trial that behaves as modelled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.arrays import Bools, Floats, Ints
from harness.model.routing import Router
from harness.model.simulate import (
    Simulation,
    distinct_misses,
    played_misses,
    simulation_for,
    timed_misses,
)
from harness.model.trace import CacheTrace
from harness.stats.interval import t_95

DRAWS_AT_MOST, DRAWS_AT_LEAST = 400, 4
LOOKUPS_AFFORDED: dict[Simulation, int] = {
    distinct_misses: 10_000_000,
    timed_misses: 4_000_000,
    played_misses: 1_200_000,
}
"""Lookups that all draws together may play; each comes to one or two seconds."""

QUANTILES_FROM = 100  # draws below which the tails are taken from a normal distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A mean with the 2.5 and 97.5 % bounds of a single further draw."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationPlan:
    """How to count the misses of some caches: `lost` in any case, the others by simulation."""

    lost: int
    caches: Sequence[tuple[CacheTrace, Simulation]]

    @property
    def draws(self) -> int:
        """Return how many draws the budget affords for these caches together."""
        return _draws(self.caches)

    def misses(self, life: Ints, rng: np.random.Generator) -> int:
        """Return the misses of all caches, given who serves each request. [R]"""
        return self.lost + sum(way(cache, life, rng) for cache, way in self.caches)


def planned(caches: Sequence[CacheTrace]) -> SimulationPlan:
    """Return the cheapest exact way for each cache."""
    # A key that was never written misses every time, whoever serves it.
    kept = [cache.subset(_refilled(cache)) for cache in caches]
    lost = sum(len(cache.key) for cache in caches) - sum(len(cache.key) for cache in kept)
    return SimulationPlan(lost=lost, caches=[(cache, simulation_for(cache)) for cache in kept])


def predict(
    caches: Sequence[CacheTrace], sent_s: Floats, routing: Router, rng: np.random.Generator
) -> Band:
    """Return the expected hit rate over all lookups of `caches`.

    `sent_s` [R] are the times of the requests that the traces point to. There must be a lookup.
    """
    lookups = sum(len(cache.key) for cache in caches)
    found = band(1 - drawn_misses(caches, sent_s, routing, rng) / lookups)
    return Band(mean=found.mean, low=max(0.0, found.low), high=min(1.0, found.high))


def drawn_misses(
    caches: Sequence[CacheTrace],
    sent_s: Floats,
    routing: Router,
    rng: np.random.Generator,
    most: int = DRAWS_AT_MOST,
) -> Floats:
    """Return the misses of each draw; arguments as in `predict`. [DRAWS_AT_LEAST <= n <= most]"""
    plan = planned(caches)
    draws = min(plan.draws, most)
    misses = [plan.misses(routing.draw(sent_s, rng), rng) for _ in range(draws)]
    return np.array(misses, np.float64)


def band(values: Floats) -> Band:
    """Return mean and bounds of n >= 2 draws: their quantiles, or with few of them normal ones.

    Few draws know their own spread badly, so the normal bounds are those of a prediction for one
    more value: mean +- t sd sqrt(1 + 1/n), t with n - 1 degrees of freedom.
    """
    mean = float(values.mean())
    if len(values) >= QUANTILES_FROM:
        # Outward to values that occurred: interpolation would cut into a discrete distribution.
        low = float(np.quantile(values, 0.025, method="lower"))
        high = float(np.quantile(values, 0.975, method="higher"))
        return Band(mean=mean, low=low, high=high)
    n = len(values)
    reach = t_95(n - 1) * float(values.std(ddof=1)) * float(np.sqrt(1 + 1 / n))
    return Band(mean=mean, low=mean - reach, high=mean + reach)


def _draws(plans: Sequence[tuple[CacheTrace, Simulation]]) -> int:
    cost = sum(len(cache.key) / LOOKUPS_AFFORDED[way] for cache, way in plans)
    return int(np.clip(1 / max(cost, 1e-9), DRAWS_AT_LEAST, DRAWS_AT_MOST))


def _refilled(cache: CacheTrace) -> Bools:
    """Return which lookups read a key that was written, or never seen to miss. [L]"""
    refills = cache.refills
    owner = np.repeat(np.arange(cache.keys), refills.count)
    written = np.bincount(owner[~np.isnan(refills.ttl_s)], minlength=cache.keys)
    written += np.bincount(cache.writes.key, minlength=cache.keys)
    keep: Bools = (written > 0) | (refills.count == 0)
    return keep[cache.key]
