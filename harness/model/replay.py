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

from harness.arrays import Floats, Ints
from harness.model.locmem import Limits, LocMem, State
from harness.model.writes import NO_WRITES, Operation, Writes

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
    writes: Writes = NO_WRITES  # all that were no refills, by store


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """W writes, refills and others, in the order of time, and when each ceased to be held."""

    store: Ints  # [W]
    key: Ints  # [W]
    write_s: Floats  # [W], ascending
    deadline_s: Floats  # [W] -inf: the write removed the key
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
        gone = np.where(np.isneginf(self.deadline_s[row]), State.DELETED, State.EXPIRED)
        return np.where(self.deadline_s[row] <= at_s, gone, evicted).astype(np.int8)

    def regrouped(self, store: Ints) -> Entries:
        """Return the same writes, each with its fate, under other store numbers. [W]"""
        return _entries(store, self.key, self.write_s, self.deadline_s, self.evicted_s, self.keys)


def replay(lookups: Lookups, limits: Mapping[int, Limits]) -> Entries:
    """Return what every store held and when; a store that is not in `limits` never culls.

    A read sees the writes strictly before it. Stores that cannot have culled need no replay in
    order, because a key's fate then hangs on the writes of that key alone.
    """
    written = _all_writes(lookups)
    evicted_s = np.full(len(written), np.inf)
    for store, limit in limits.items():
        rows = np.flatnonzero(written.owner == store)
        if _may_cull(written.key[rows], limit):
            evicted_s[rows] = _evictions(lookups, store, written, rows, limit)
    kept = np.flatnonzero(written.operation != Operation.USE)
    ends = np.where(written.operation == Operation.DELETE, -np.inf, written.at_s + written.ttl_s)
    return _entries(
        written.owner[kept],
        written.key[kept],
        written.at_s[kept],
        ends[kept],
        evicted_s[kept],
        lookups.keys,
    )


def _all_writes(lookups: Lookups) -> Writes:
    """Return refills and other writes together, in the order of time."""
    refilled = np.flatnonzero(~np.isnan(lookups.write_s))
    other = lookups.writes
    return Writes(
        owner=np.concatenate([lookups.store[refilled], other.owner]),
        key=np.concatenate([lookups.key[refilled], other.key]),
        at_s=np.concatenate([lookups.write_s[refilled], other.at_s]),
        operation=np.concatenate([np.full(len(refilled), Operation.SET), other.operation]),
        ttl_s=np.concatenate([lookups.ttl_s[refilled], other.ttl_s]),
    ).ordered()


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


def _evictions(lookups: Lookups, store: int, written: Writes, rows: Ints, limits: Limits) -> Floats:
    """Return when each write of one store was culled, inf: never. [len(rows)]"""
    read = np.flatnonzero(lookups.store == store)
    times = np.concatenate([lookups.get_s[read], written.at_s[rows]])
    keys = np.concatenate([lookups.key[read], written.key[rows]]).tolist()
    ttls, operations, clock = (
        written.ttl_s[rows].tolist(),
        written.operation[rows].tolist(),
        times.tolist(),
    )
    cache, held = LocMem(limits), dict[int, int]()
    evicted_s = np.full(len(rows), np.inf)
    for event in np.argsort(times, kind="stable").tolist():  # at equal times reads come first
        key, now, write = keys[event], clock[event], event - len(read)
        operation = Operation.USE if write < 0 else operations[write]
        if operation == Operation.USE:
            cache.get(key, now)
        elif operation == Operation.DELETE:
            cache.delete(key)
        elif operation == Operation.TOUCH:
            cache.touch(key, now, ttls[write])
        else:
            for culled in cache.set(key, now, ttls[write]):
                evicted_s[held[culled]] = now
        if write >= 0 and operation != Operation.USE:
            held[key] = write
    return evicted_s
