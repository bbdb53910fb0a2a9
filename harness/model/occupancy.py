"""How many entries a store holds when it is looked at: the same lookups, played once more.

For caches that serve one request at a time; what a look finds is then no matter of luck.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from harness.arrays import Floats, Ints
from harness.model.locmem import LocMem
from harness.model.trace import CacheTrace

LOOK = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Observations:
    """K looks at stores, in any order."""

    store: Ints  # [K]
    at_s: Floats  # [K]


def entries_at(
    trace: CacheTrace, life: Ints, looks: Observations, rng: np.random.Generator
) -> Ints:
    """Return the entries in the store of each look, expired ones that are in place included. [K]

    `life` [R] says who serves each request; a store that nobody wrote to has none. A refill
    counts from its lookup on. Other writes, and what a life began with, are left out.
    """
    if trace.once and not trace.may_cull:
        return _distinct_keys(trace.store(life), trace, looks)
    ttl_s = trace.refills.draw(trace.key, rng)[1]
    caches: dict[int, LocMem] = defaultdict(lambda: LocMem(trace.limits))
    found = np.zeros(len(looks.at_s), np.int64)
    for row, look, store, key, now, ttl in _events(trace, life, looks, ttl_s):
        cache = caches[store]
        if row == LOOK:
            found[look] = len(cache)
        elif not cache.get(key, now) and ttl == ttl:  # nan: not refilled
            cache.set(key, now, ttl)
    return found


def _distinct_keys(store: Ints, trace: CacheTrace, looks: Observations) -> Ints:
    """Return how many different keys each store was asked for before each look. [K]"""
    first = np.unique(store * trace.keys + trace.key, return_index=True)[1]
    kept = first[trace.refills.count[trace.key[first]] > 0]
    found = np.zeros(len(looks.at_s), np.int64)
    for number in np.unique(looks.store).tolist():
        mine = looks.store == number
        written_s = np.sort(trace.at_s[kept[store[kept] == number]])
        found[mine] = np.searchsorted(written_s, looks.at_s[mine])
    return found


def _events(
    trace: CacheTrace, life: Ints, looks: Observations, ttl_s: Floats
) -> Iterator[tuple[int, int, int, int, float, float]]:
    """Yield (row, look, store, key, time, lifetime) as time goes; row LOOK for a look."""
    reads, seen = len(trace.key), len(looks.at_s)
    columns = (
        (np.arange(reads), np.full(seen, LOOK)),
        (np.full(reads, LOOK), np.arange(seen)),
        (trace.store(life), looks.store),
        (trace.key, np.full(seen, LOOK)),
        (trace.at_s, looks.at_s),
        (ttl_s, np.full(seen, np.nan)),
    )
    order = np.argsort(np.concatenate(columns[4]), kind="stable")
    yield from zip(*(np.concatenate(pair)[order].tolist() for pair in columns), strict=True)
