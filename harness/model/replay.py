"""Replay of recorded lookups: what each cache must have answered, given the actual writes.

Comes in: lookups with the store they went to, and when their refill was written. Goes out: the
entries of every store, which can be asked about any key at any time. Which store is whose (one
per worker, or one for all) is decided by who calls; HTTP and processes do not exist here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.model.locmem import Limits, LocMem, State

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
States = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookups:
    """L lookups, in any order. `write_s` and `ttl_s` are nan where no refill followed."""

    store: Ints  # [L]
    key: Ints  # [L] from 0 to `keys` - 1
    get_s: Floats  # [L] when the read took effect
    write_s: Floats  # [L] when the refill took effect
    ttl_s: Floats  # [L] lifetime of the refill; inf: for ever
    keys: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """W writes in the order of time, with the moment each of them ceased to be held."""

    store: Ints  # [W]
    key: Ints  # [W]
    write_s: Floats  # [W], ascending
    deadline_s: Floats  # [W]
    evicted_s: Floats  # [W] inf: never culled
    keys: int
    by_key: Ints  # [W] rows in the order of store, key, time
    ranks: Ints  # [W] of `by_key`: (store, key, row) as one number, ascending

    def latest(self, store: Ints, key: Ints, at_s: Floats) -> Ints:
        """Return the row of the last write strictly before `at_s`, -1 where there is none. [M]"""
        row = np.searchsorted(self.write_s, at_s)
        asked = _rank(store, key, row, self.keys, len(self.write_s))
        place = np.searchsorted(self.ranks, asked) - 1
        if not len(self.ranks):
            return place
        found = self.by_key[place]
        same = (place >= 0) & (self.store[found] == store) & (self.key[found] == key)
        return np.where(same, found, -1)

    def states(self, store: Ints, key: Ints, at_s: Floats) -> States:
        """Return the `State` of each key in each store just before `at_s`. [M]"""
        row = self.latest(store, key, at_s)
        state = np.full(len(row), State.ABSENT, np.int8)
        known = np.flatnonzero(row >= 0)
        state[known] = self._fates(row[known], at_s[known])
        return state

    def _fates(self, row: Ints, at_s: Floats) -> States:
        evicted = np.where(self.evicted_s[row] < at_s, State.EVICTED, State.HELD)
        return np.where(self.deadline_s[row] <= at_s, State.EXPIRED, evicted).astype(np.int8)

    def regrouped(self, store: Ints) -> Entries:
        """Return the same writes, each with its fate, under other store numbers. [W]"""
        return _entries(store, self.key, self.write_s, self.deadline_s, self.evicted_s, self.keys)


def replay(lookups: Lookups, limits: Mapping[int, Limits]) -> Entries:
    """Return what every store held and when; a store that is not in `limits` never culls.

    A read sees the writes strictly before it. Stores that cannot have culled need no replay in
    order, because a key's fate then hangs on the writes of that key alone.
    """
    written = np.flatnonzero(~np.isnan(lookups.write_s))
    written = written[np.argsort(lookups.write_s[written], kind="stable")]
    evicted_s = np.full(len(written), np.inf)
    for store, limit in limits.items():
        rows = np.flatnonzero(lookups.store[written] == store)
        if _may_cull(lookups.key[written[rows]], limit):
            evicted_s[rows] = _evictions(lookups, store, written[rows], limit)
    write_s = lookups.write_s[written]
    deadline_s = write_s + lookups.ttl_s[written]
    store_of, key_of = lookups.store[written], lookups.key[written]
    return _entries(store_of, key_of, write_s, deadline_s, evicted_s, lookups.keys)


def _entries(
    store: Ints, key: Ints, write_s: Floats, deadline_s: Floats, evicted_s: Floats, keys: int
) -> Entries:
    ranks = _rank(store, key, np.arange(len(store)), keys, len(store))
    by_key = np.argsort(ranks)
    return Entries(
        store=store,
        key=key,
        write_s=write_s,
        deadline_s=deadline_s,
        evicted_s=evicted_s,
        keys=keys,
        by_key=by_key,
        ranks=ranks[by_key],
    )


def _rank(store: Ints, key: Ints, row: Ints, keys: int, writes: int) -> Ints:
    return (store * keys + key) * (writes + 1) + row


def _may_cull(written: Ints, limits: Limits) -> bool:
    """Return whether writes of these keys can have met a full cache."""
    distinct = len(np.unique(written))
    # The write that brings the last key finds one place free; a rewrite after it finds none.
    return distinct + (len(written) > distinct) > limits.max_entries


def _evictions(lookups: Lookups, store: int, written: Ints, limits: Limits) -> Floats:
    """Return when each write of one store was culled, inf: never. [len(written)]"""
    read = np.flatnonzero(lookups.store == store)
    times = np.concatenate([lookups.get_s[read], lookups.write_s[written]])
    keys = lookups.key[np.concatenate([read, written])].tolist()
    ttls, clock = lookups.ttl_s[written].tolist(), times.tolist()
    cache, held = LocMem(limits), dict[int, int]()
    evicted_s = np.full(len(written), np.inf)
    for event in np.argsort(times, kind="stable").tolist():  # at equal times reads come first
        key, now, write = keys[event], clock[event], event - len(read)
        if write < 0:
            cache.get(key, now)
            continue
        for culled in cache.set(key, now, ttls[write]):
            evicted_s[held[culled]] = now
        held[key] = write
    return evicted_s
