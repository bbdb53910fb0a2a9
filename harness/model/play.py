"""One cache's trace played lookup by lookup under one routing: what hit, and what was written.

For whoever needs more than the number of misses that `simulate` counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from math import isnan

import numpy as np

from harness.arrays import Bools, Floats, Ints
from harness.model.locmem import LocMem
from harness.model.trace import CacheTrace
from harness.model.writes import Operation, Writes

WRITE = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """The outcome of L lookups, and the refill that each would bring on a miss."""

    hit: Bools  # [L]
    delay_s: Floats  # [L] from the read to the write taking effect
    ttl_s: Floats  # [L] nan: not refilled


def play(trace: CacheTrace, life: Ints, rng: np.random.Generator) -> Played:
    """Return the outcomes of the lookups of `trace`, from what its lives began with on.

    `life` [R] says who serves each request.

    With timeouts, refills in flight, culls and other writes, one operation at a time; at once
    where a key is written but once per store.
    """
    delay_s, ttl_s = trace.lifetimes(rng)
    if trace.once and not trace.may_cull:
        hit = ~_first_reads(trace, trace.store(life))
    else:
        hit = _played(trace, life, delay_s, ttl_s)
    return Played(hit=hit, delay_s=delay_s, ttl_s=ttl_s)


def _first_reads(trace: CacheTrace, store: Ints) -> Bools:
    first = np.zeros(len(store), np.bool_)
    first[np.unique(store * trace.keys + trace.key, return_index=True)[1]] = True
    return first


def _played(trace: CacheTrace, life: Ints, delay_s: Floats, ttl_s: Floats) -> Bools:
    caches: dict[int, LocMem] = defaultdict(lambda: LocMem(trace.limits))
    flying: dict[int, list[tuple[float, int, float]]] = defaultdict(list)
    for where, key, now, ttl in _columns(trace.held):
        caches[where].set(key, now, ttl)
    hit = np.ones(len(trace.key), np.bool_)
    for row, operation, key, where, now, delay, ttl in _events(trace, life, delay_s, ttl_s):
        cache, pending = caches[where], flying[where]
        while pending and (trace.serial or pending[0][0] < now):
            lands, written, lifetime = heappop(pending)
            cache.set(written, lands, lifetime)
        if row == WRITE:
            _write(cache, operation, key, now, ttl)
        elif not cache.get(key, now):
            hit[row] = False
            if not isnan(ttl):
                heappush(pending, (now + delay, key, ttl))
    return hit


def _columns(held: Writes) -> Iterator[tuple[int, int, float, float]]:
    columns = (held.owner, held.key, held.at_s, held.ttl_s)
    yield from zip(*(column.tolist() for column in columns), strict=True)


def _events(
    trace: CacheTrace, life: Ints, delay_s: Floats, ttl_s: Floats
) -> Iterator[tuple[int, int, int, int, float, float, float]]:
    """Yield (row, deed, key, store, time, delay, ttl) as time goes; row WRITE for a write."""
    writes, reads = trace.writes, len(trace.key)
    columns = (
        (np.arange(reads), np.full(len(writes), WRITE)),
        (np.full(reads, Operation.USE), writes.operation),
        (trace.key, writes.key),
        (trace.store(life), trace.store_of_writes(life)),
        (trace.at_s, writes.at_s),
        (delay_s, np.zeros(len(writes))),
        (ttl_s, writes.ttl_s),
    )
    order = np.argsort(np.concatenate(columns[4]), kind="stable")
    told = [np.concatenate(pair)[order].tolist() for pair in columns]
    yield from zip(*told, strict=True)


def _write(cache: LocMem, operation: int, key: int, now: float, ttl_s: float) -> None:
    if operation == Operation.SET:
        cache.set(key, now, ttl_s)
    elif operation == Operation.TOUCH:
        cache.touch(key, now, ttl_s)
    elif operation == Operation.DELETE:
        cache.delete(key)
    else:
        cache.get(key, now)
