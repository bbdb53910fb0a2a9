"""The hit rate to expect: the same trace at the same times, with random routing, many times.

Random are the routing, by the measured shares, and the refills, from those observed. Nothing
else varies, so the interval shows how far chance alone can move a trial that behaves as modeled.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
from harness.stats.interval import Interval, t_95

MAX_DRAWS, MIN_DRAWS = 400, 4
LOOKUPS_AFFORDED: dict[Simulation, int] = {
    distinct_misses: 10_000_000,
    timed_misses: 4_000_000,
    played_misses: 1_200_000,
}
"""Lookups that all draws together may play; each comes to one or two seconds."""

QUANTILES_FROM = 100  # draws below which the tails are taken from a normal distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationPlan:
    """How to count the misses of some caches: `certain` in any case, the others by simulation."""

    certain: int
    caches: Sequence[tuple[CacheTrace, Simulation]]

    @property
    def draws(self) -> int:
        """Return how many draws the budget affords for these caches together."""
        cost = sum(len(cache.key) / LOOKUPS_AFFORDED[simulate] for cache, simulate in self.caches)
        return int(np.clip(1 / max(cost, 1e-9), MIN_DRAWS, MAX_DRAWS))

    def misses(self, life: Ints, rng: np.random.Generator) -> int:
        """Return the misses of all caches, given who serves each request. [R]"""
        return self.certain + sum(simulate(cache, life, rng) for cache, simulate in self.caches)


def plan_simulations(caches: Sequence[CacheTrace]) -> SimulationPlan:
    """Return the cheapest exact simulation of each cache."""
    # A key that was never written misses every time, whichever worker serves it.
    kept = [cache.subset(_refilled(cache)) for cache in caches]
    certain = sum(len(cache.key) for cache in caches) - sum(len(cache.key) for cache in kept)
    return SimulationPlan(certain=certain, caches=[(each, simulation_for(each)) for each in kept])


def predict(
    caches: Sequence[CacheTrace], sent_s: Floats, routing: Router, rng: np.random.Generator
) -> Interval:
    """Return the expected hit rate over all lookups of `caches`, bounds within [0, 1].

    `sent_s` [R] are the times of the requests that the traces point to. There must be a lookup.
    """
    lookups = sum(len(cache.key) for cache in caches)
    hit_rates = 1 - drawn_misses(caches, sent_s, routing, rng) / lookups
    return interval_of_draws(hit_rates, lowest=0.0, highest=1.0)


def drawn_misses(
    caches: Sequence[CacheTrace],
    sent_s: Floats,
    routing: Router,
    rng: np.random.Generator,
    max_draws: int = MAX_DRAWS,
) -> Floats:
    """Return the misses of each draw; arguments as in `predict`. [MIN_DRAWS <= n <= max_draws]"""
    plan = plan_simulations(caches)
    draws = min(plan.draws, max_draws)
    misses = [plan.misses(routing.draw(sent_s, rng), rng) for _ in range(draws)]
    return np.array(misses, np.float64)


def drawn_losses(
    caches: Sequence[CacheTrace],
    sent_s: Floats,
    routing: Router,
    rng: np.random.Generator,
    max_draws: int = MAX_DRAWS,
) -> Floats:
    """Return the misses of each draw that are due to ends of workers or of a shared cache. [n]

    Each draw is played twice, with and without the ends: the same requests at the same workers, so
    that the difference is the loss alone, without the sampling error of the routing. Arguments as
    in `drawn_misses`; n is at most `max_draws`.
    """
    plan = plan_simulations(caches)
    lasting = plan_simulations([replace(cache, emptied_s=()) for cache in caches])
    losses = np.empty(min(plan.draws, max_draws))
    for draw in range(len(losses)):
        life, seed = routing.draw(sent_s, rng), int(rng.integers(2**63))
        with_ends = plan.misses(life, np.random.default_rng(seed))
        without = lasting.misses(routing.first_lives(life), np.random.default_rng(seed))
        losses[draw] = with_ends - without
    return losses


def interval_of_draws(values: Floats, lowest: float = -np.inf, highest: float = np.inf) -> Interval:
    """Return the mean of n >= 2 draws with the 2.5 and 97.5 % bounds of a single further draw.

    The bounds are quantiles; with few draws, which know their own spread badly, those of a normal
    prediction for one more value: mean +- t sd sqrt(1 + 1/n), t with n - 1 degrees of freedom.
    `lowest` and `highest` limit them.
    """
    mean, n = float(values.mean()), len(values)
    if n >= QUANTILES_FROM:
        # Outward to values that occurred: interpolation would cut into a discrete distribution.
        low = float(np.quantile(values, 0.025, method="lower"))
        high = float(np.quantile(values, 0.975, method="higher"))
    else:
        margin = t_95(n - 1) * float(values.std(ddof=1)) * float(np.sqrt(1 + 1 / n))
        low, high = mean - margin, mean + margin
    return Interval(value=mean, low=max(lowest, low), high=min(highest, high))


def _refilled(cache: CacheTrace) -> Bools:
    """Return which lookups read a key that was written, or never seen to miss. [L]"""
    refills = cache.refills
    missed = np.repeat(np.arange(cache.keys), refills.count)
    written = np.bincount(missed[~np.isnan(refills.ttl_s)], minlength=cache.keys)
    written += np.bincount(cache.writes.key, minlength=cache.keys)
    keep: Bools = (written > 0) | (refills.count == 0)
    return keep[cache.key]
