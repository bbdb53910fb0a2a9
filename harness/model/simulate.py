"""Misses of one cache's trace under one routing, by the cheapest way that is exact for it.

All three ways agree where they overlap: counting distinct (store, key) pairs, jumping from miss
to miss, and playing every operation through `LocMem`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from harness.arrays import Floats, Ints
from harness.model.play import play
from harness.model.trace import CacheTrace

Simulation = Callable[[CacheTrace, Ints, np.random.Generator], int]
"""Trace, the life that serves each request [R], generator -> misses."""


def simulation_for(trace: CacheTrace) -> Simulation:
    """Return the cheapest simulation that is exact for this trace."""
    if trace.may_cull or len(trace.writes) or len(trace.held):
        return played_misses
    return distinct_misses if trace.once else timed_misses


def distinct_misses(trace: CacheTrace, life: Ints, _rng: np.random.Generator) -> int:
    """Return the number of (store, key) pairs: exact where a key is written once per store."""
    store = trace.store(life)
    seen = np.zeros((int(store.max(initial=0)) + 1) * trace.keys, np.bool_)
    seen[store * trace.keys + trace.key] = True
    return int(np.count_nonzero(seen))


def timed_misses(trace: CacheTrace, life: Ints, rng: np.random.Generator) -> int:
    """Return the misses with timeouts and refills in flight, without culls.

    Every (store, key) pair jumps from a miss to the first lookup after the deadline of its
    refill, all pairs at once; so the cost grows with the misses, not with the lookups.
    """
    groups = trace.store(life) * trace.keys + trace.key
    order = np.argsort(groups.astype(np.min_scalar_type(groups.max(initial=0))), kind="stable")
    group, at_s, key = groups[order], trace.at_s[order], trace.key[order]
    rank = group * len(order) + order  # (store, key, time) as one number, ascending
    begin = np.flatnonzero(np.diff(group, prepend=-1))
    end = np.append(begin[1:], len(group))
    misses = 0
    while len(begin):
        count, deadline_s = _flight(trace, at_s, key, begin, end, rng)
        misses += int(count.sum())
        due = np.searchsorted(trace.at_s, deadline_s)
        after = np.searchsorted(rank, group[begin] * len(order) + due)
        begin = np.maximum(begin + count, after)
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
    flying = np.arange(len(begin))
    while len(flying):
        row = begin[flying] + count[flying]
        delay_s, ttl_s = trace.refills.draw(key[row], rng)
        lands_s = at_s[row] + delay_s
        lasts = ~np.isnan(ttl_s) & (lands_s > landed_s[flying])
        landed_s[flying[lasts]] = lands_s[lasts]
        deadline_s[flying[lasts]] = (lands_s + ttl_s)[lasts]
        from_s = np.where(np.isnan(ttl_s), np.inf, -np.inf if trace.serial else lands_s)
        seen_s[flying] = np.minimum(seen_s[flying], from_s)
        count[flying] += 1
        flying = flying[begin[flying] + count[flying] < end[flying]]
        flying = flying[at_s[begin[flying] + count[flying]] <= seen_s[flying]]
    return count, deadline_s


def played_misses(trace: CacheTrace, life: Ints, rng: np.random.Generator) -> int:
    """Return the misses with timeouts, refills in flight, culls and writes, one at a time."""
    return int(np.count_nonzero(~play(trace, life, rng).hit))
