"""A cache's trace played under one routing, and the hit rate to expect under many random ones.

One routing gives what hits, how many misses, how many entries. Misses alone are counted by the
cheapest of three simulations that is exact for the trace. They agree where they overlap: counting
distinct (instance, key) pairs, jumping from miss to miss, and playing every operation through
`LocMem`.

To expect a hit rate is to play the same trace at the same times many times. Random are the
routing, by the measured shares, and the refills, from those observed. Nothing else varies, so the
interval shows how far chance alone can move a trial that behaves as modeled.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from math import isnan
from typing import Any

import numpy as np

from harness.arrays import Bools, Floats, Ints
from harness.model.locmem import LocMem
from harness.model.routing import Router
from harness.model.trace import NO_WRITES, CacheTrace, in_time_order
from harness.stats.interval import Interval, t_95

Simulation = Callable[[CacheTrace, Ints, np.random.Generator], int]
"""Trace, the life that serves each request [R], generator -> misses."""

LOOKUP, OBSERVATION = -1, -2  # events of a simulation, next to `Operation`


@dataclass(frozen=True, slots=True, kw_only=True)
class Observations:
    """K looks into cache instances, in any order."""

    instance: Ints  # [K]
    at_s: Floats  # [K]


NO_OBSERVATIONS = Observations(instance=np.empty(0, np.int64), at_s=np.empty(0))


def play(trace: CacheTrace, life: Ints, rng: np.random.Generator) -> tuple[Bools, Floats, Floats]:
    """Return which lookups of `trace` hit, and the refill that each would bring on a miss. [L] x 3

    A refill is its delay in seconds, from the read to the write taking effect, and its lifetime,
    nan: not refilled. Starts with the inherited entries. `life` [R] says who serves each request.
    With timeouts, refills in flight, culls and other
    writes operations are played one at a time; where an instance writes a key only once, all
    lookups are answered in one step.
    """
    delay_s, ttl_s = trace.lifetimes(rng)
    if trace.once and not trace.may_cull:
        hit = np.ones(len(trace.key), np.bool_)
        hit[np.unique(trace.instance(life) * trace.keys + trace.key, return_index=True)[1]] = False
    else:
        hit = _played(trace, life, delay_s, ttl_s)[0]
    return hit, delay_s, ttl_s


def entries_at(
    trace: CacheTrace, life: Ints, observations: Observations, rng: np.random.Generator
) -> Ints:
    """Return how many entries each observation finds, expired ones that are in place included. [K]

    `life` [R] says who serves each request; an instance that was never written to has none. A
    refill counts from its lookup on. Other writes and inherited entries are left out: for caches
    that serve one request at a time, so that the result does not depend on chance.
    """
    if trace.once and not trace.may_cull:
        return _distinct_keys(trace.instance(life), trace, observations)
    ttl_s = trace.refills.draw(trace.key, rng)[1]
    alone = replace(trace, writes=NO_WRITES, inherited=NO_WRITES, serial=True)
    return _played(alone, life, np.zeros(len(ttl_s)), ttl_s, observations)[1]


def _distinct_keys(instance: Ints, trace: CacheTrace, observations: Observations) -> Ints:
    """Return how many different keys each instance has looked up before each observation. [K]"""
    first = np.unique(instance * trace.keys + trace.key, return_index=True)[1]
    kept = first[trace.refills.count[trace.key[first]] > 0]
    found = np.zeros(len(observations.at_s), np.int64)
    for number in np.unique(observations.instance).tolist():
        mine = observations.instance == number
        written_s = np.sort(trace.at_s[kept[instance[kept] == number]])
        found[mine] = np.searchsorted(written_s, observations.at_s[mine])
    return found


def _played(
    trace: CacheTrace,
    life: Ints,
    delay_s: Floats,
    ttl_s: Floats,
    observations: Observations = NO_OBSERVATIONS,
) -> tuple[Bools, Ints]:
    """Return whether each lookup hits, and the entries that each observation finds. [L], [K]"""
    caches: dict[int, LocMem] = defaultdict(lambda: LocMem(trace.limits))
    in_flight: dict[int, list[tuple[float, int, float]]] = defaultdict(list)
    inherited = trace.inherited
    columns = (inherited.target, inherited.key, inherited.at_s, inherited.ttl_s)
    for where, key, now, ttl in zip(*(column.tolist() for column in columns), strict=True):
        caches[where].set(key, now, ttl)
    hit, found = np.ones(len(trace.key), np.bool_), np.zeros(len(observations.at_s), np.int64)
    events = _events(trace, life, delay_s, ttl_s, observations)
    for row, operation, key, where, now, delay, ttl in events:
        cache, pending = caches[where], in_flight[where]
        while pending and (trace.serial or pending[0][0] < now):
            lands, written, lifetime = heappop(pending)
            cache.set(written, lands, lifetime)
        if operation == OBSERVATION:
            found[row] = len(cache)
        elif operation != LOOKUP:
            cache.apply(operation, key, now, ttl)
        elif not cache.get(key, now):
            hit[row] = False
            if not isnan(ttl):
                heappush(pending, (now + delay, key, ttl))
    return hit, found


def _events(
    trace: CacheTrace, life: Ints, delay_s: Floats, ttl_s: Floats, observations: Observations
) -> Iterator[tuple[Any, ...]]:
    """Yield (row, operation, key, instance, time, delay, ttl), ascending in time."""
    writes, reads, looks = trace.writes, len(trace.key), len(observations.at_s)
    at_s = np.concatenate([trace.at_s, writes.at_s, observations.at_s])
    columns = (
        (np.arange(reads), np.arange(len(writes)), np.arange(looks)),
        (np.full(reads, LOOKUP), writes.operation, np.full(looks, OBSERVATION)),
        (trace.key, writes.key, np.zeros(looks, np.int64)),
        (
            trace.instance(life),
            trace.instance_at(life, writes.target, writes.at_s),
            observations.instance,
        ),
        (trace.at_s, writes.at_s, observations.at_s),
        (delay_s, np.zeros(len(writes)), np.zeros(looks)),
        (ttl_s, writes.ttl_s, np.zeros(looks)),
    )
    yield from in_time_order(at_s, *(np.concatenate(parts) for parts in columns))


def simulation_for(trace: CacheTrace) -> Simulation:
    """Return the cheapest simulation that is exact for this trace."""
    if trace.may_cull or len(trace.writes) or len(trace.inherited):
        return played_misses
    return distinct_misses if trace.once else timed_misses


def distinct_misses(trace: CacheTrace, life: Ints, _rng: np.random.Generator) -> int:
    """Return the number of (instance, key) pairs: exact where an instance writes a key once."""
    instance = trace.instance(life)
    seen = np.zeros((int(instance.max(initial=0)) + 1) * trace.keys, np.bool_)
    seen[instance * trace.keys + trace.key] = True
    return int(np.count_nonzero(seen))


def timed_misses(trace: CacheTrace, life: Ints, rng: np.random.Generator) -> int:
    """Return the misses with timeouts and refills in flight, without culls.

    Every (instance, key) pair jumps from a miss to the first lookup after the deadline of its
    refill, all pairs in one step; so the cost grows with the misses, not with the lookups.
    """
    groups = trace.instance(life) * trace.keys + trace.key
    order = np.argsort(groups.astype(np.min_scalar_type(groups.max(initial=0))), kind="stable")
    group, at_s, key = groups[order], trace.at_s[order], trace.key[order]
    rank = group * len(order) + order  # (instance, key, time) as one number, ascending
    begin = np.flatnonzero(np.diff(group, prepend=-1))
    end = np.append(begin[1:], len(group))
    misses = 0
    while len(begin):
        count, deadline_s = _flight(trace, at_s, key, begin, end, rng)
        misses += int(count.sum())
        due = np.searchsorted(trace.at_s, deadline_s)
        after = group[begin] * len(order) + due
        begin = np.maximum(begin + count, np.searchsorted(rank, after))
        begin, end = begin[begin < end], end[begin < end]
    return misses


def _flight(
    trace: CacheTrace, at_s: Floats, key: Ints, begin: Ints, end: Ints, rng: np.random.Generator
) -> tuple[Ints, Floats]:
    """Return the misses from `begin` until a refill is seen, and the deadline it then has. [G] x 2

    Each lookup before the first refill lands misses too and writes its own; the one that lands
    last decides the deadline. `end` bounds the lookups of a pair.
    """
    count = np.zeros(len(begin), np.int64)
    seen_s, landed_s, deadline_s = (np.full(len(begin), fill) for fill in (np.inf, -np.inf, np.inf))
    in_flight = np.arange(len(begin))
    while len(in_flight):
        row = begin[in_flight] + count[in_flight]
        delay_s, ttl_s = trace.refills.draw(key[row], rng)
        lands_s = at_s[row] + delay_s
        lasts = ~np.isnan(ttl_s) & (lands_s > landed_s[in_flight])
        landed_s[in_flight[lasts]] = lands_s[lasts]
        deadline_s[in_flight[lasts]] = (lands_s + ttl_s)[lasts]
        from_s = np.where(np.isnan(ttl_s), np.inf, -np.inf if trace.serial else lands_s)
        seen_s[in_flight] = np.minimum(seen_s[in_flight], from_s)
        count[in_flight] += 1
        in_flight = in_flight[begin[in_flight] + count[in_flight] < end[in_flight]]
        in_flight = in_flight[at_s[begin[in_flight] + count[in_flight]] <= seen_s[in_flight]]
    return count, deadline_s


def played_misses(trace: CacheTrace, life: Ints, rng: np.random.Generator) -> int:
    """Return the misses with timeouts, refills in flight, culls and writes, one at a time."""
    return int(np.count_nonzero(~play(trace, life, rng)[0]))


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
    draws = range(min(plan.draws, max_draws))
    return np.array([plan.misses(routing.draw(sent_s, rng), rng) for _ in draws], np.float64)


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
