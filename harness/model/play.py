"""One cache's trace played lookup by lookup under one routing: what hit, and what was written.

For whoever needs more than the number of misses that `simulate` counts.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from heapq import heappop, heappush
from math import isnan

import numpy as np
import numpy.typing as npt

from harness.model.locmem import LocMem
from harness.model.trace import CacheTrace

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """The outcome of L lookups, and the refill that each would bring on a miss."""

    hit: npt.NDArray[np.bool_]  # [L]
    delay_s: Floats  # [L] from the read to the write taking effect
    ttl_s: Floats  # [L] nan: not refilled


def play(trace: CacheTrace, store: Ints, rng: np.random.Generator) -> Played:
    """Return the outcomes of the lookups of `trace` at these stores [L], from empty caches on.

    With timeouts, refills in flight and culls, one operation at a time; at once where a key is
    written but once per store.
    """
    delay_s, ttl_s = trace.refills.draw(trace.key, rng)
    if trace.once and not trace.may_cull:
        hit = ~_first_reads(trace, store)
    else:
        hit = _played(trace, store, delay_s, ttl_s)
    return Played(hit=hit, delay_s=delay_s, ttl_s=ttl_s)


def _first_reads(trace: CacheTrace, store: Ints) -> npt.NDArray[np.bool_]:
    first = np.zeros(len(store), np.bool_)
    first[np.unique(store * trace.keys + trace.key, return_index=True)[1]] = True
    return first


def _played(
    trace: CacheTrace, store: Ints, delay_s: Floats, ttl_s: Floats
) -> npt.NDArray[np.bool_]:
    caches: dict[int, LocMem] = defaultdict(lambda: LocMem(trace.limits))
    flying: dict[int, list[tuple[float, int, float]]] = defaultdict(list)
    hit = np.ones(len(store), np.bool_)
    columns = (trace.key, store, trace.at_s, delay_s, ttl_s)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    for row, (key, where, now, delay, ttl) in enumerate(rows):
        cache, pending = caches[where], flying[where]
        while pending and (trace.serial or pending[0][0] < now):
            lands, written, lifetime = heappop(pending)
            cache.set(written, lands, lifetime)
        if not cache.get(key, now):
            hit[row] = False
            if not isnan(ttl):
                heappush(pending, (now + delay, key, ttl))
    return hit
