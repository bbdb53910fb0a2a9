"""Replay of recorded lookups: what each cache must have answered, given the actual writes.

Comes in: lookups with the cache instance they went to, and when their refill was written. Goes
out: the entries of every instance, by key and time. Which instance belongs to whom (one per
worker, or one for all) is decided by the caller; HTTP and processes do not exist here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.arrays import Floats, Ints
from harness.model.locmem import Limits, LocMem, Operation, State
from harness.model.trace import NO_WRITES, Writes, in_time_order

States = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookups:
    """L lookups, in any order. `write_s` and `ttl_s` are nan where no refill followed."""

    instance: Ints  # [L]
    key: Ints  # [L] from 0 to `keys` - 1
    get_s: Floats  # [L] when the read took effect
    write_s: Floats  # [L] when the refill took effect
    ttl_s: Floats  # [L] lifetime of the refill; inf: no timeout
    keys: int
    writes: Writes = NO_WRITES  # all that were no refills, by instance


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """W writes, refills and others, ascending in time, and when each ceased to be present."""

    instance: Ints  # [W]
    key: Ints  # [W]
    write_s: Floats  # [W], ascending
    deadline_s: Floats  # [W] -inf: the write removed the key
    evicted_s: Floats  # [W] inf: never culled
    keys: int
    by_key: Ints  # [W] rows in the order of instance, key, time
    ranks: Ints  # [W] of `by_key`: (instance, key, row) as one number, ascending

    def states(self, instance: Ints, key: Ints, at_s: Floats) -> States:
        """Return the `State` of each key in each instance just before `at_s`. [M]

        It is what became of the last write strictly before.
        """
        state = np.full(len(at_s), State.ABSENT, np.int8)
        if not len(self.ranks):
            return state
        row = np.searchsorted(self.write_s, at_s)
        wanted = _rank(instance, key, row, self.keys, len(self.write_s))
        before = np.searchsorted(self.ranks, wanted) - 1
        latest = self.by_key[before]
        same = (self.instance[latest] == instance) & (self.key[latest] == key)
        known = np.flatnonzero((before >= 0) & same)
        evicted_s, deadline_s = self.evicted_s[latest[known]], self.deadline_s[latest[known]]
        evicted = np.where(evicted_s < at_s[known], State.EVICTED, State.HELD)
        gone = np.where(np.isneginf(deadline_s), State.DELETED, State.EXPIRED)
        state[known] = np.where(deadline_s <= at_s[known], gone, evicted)
        return state

    def regrouped(self, instance: Ints) -> "Entries":
        """Return the same writes, each with its fate, under other instance numbers. [W]"""
        return _entries(
            instance, self.key, self.write_s, self.deadline_s, self.evicted_s, self.keys
        )


def replay(lookups: Lookups, limits: Mapping[int, Limits]) -> Entries:
    """Return what every instance held and when; one that is not in `limits` never culls.

    A read sees the writes strictly before it. Instances that cannot have culled need no replay in
    order, because a key's fate then depends on the writes of that key alone.
    """
    refilled = np.flatnonzero(~np.isnan(lookups.write_s))
    refills = Writes(
        target=lookups.instance[refilled],
        key=lookups.key[refilled],
        at_s=lookups.write_s[refilled],
        operation=np.full(len(refilled), Operation.SET),
        ttl_s=lookups.ttl_s[refilled],
    )
    written = refills.followed_by(lookups.writes).ordered()
    evicted_s = np.full(len(written), np.inf)
    for instance, limit in limits.items():
        rows = np.flatnonzero(written.target == instance)
        if _may_cull(written.key[rows], limit):
            evicted_s[rows] = _evictions(lookups, instance, written, rows, limit)
    kept = np.flatnonzero(written.operation != Operation.USE)
    ends = np.where(written.operation == Operation.DELETE, -np.inf, written.at_s + written.ttl_s)
    return _entries(
        written.target[kept],
        written.key[kept],
        written.at_s[kept],
        ends[kept],
        evicted_s[kept],
        lookups.keys,
    )


def _entries(
    instance: Ints, key: Ints, write_s: Floats, deadline_s: Floats, evicted_s: Floats, keys: int
) -> Entries:
    ranks = _rank(instance, key, np.arange(len(instance)), keys, len(instance))
    by_key = np.argsort(ranks)
    return Entries(
        instance=instance,
        key=key,
        write_s=write_s,
        deadline_s=deadline_s,
        evicted_s=evicted_s,
        keys=keys,
        by_key=by_key,
        ranks=ranks[by_key],
    )


def _rank(instance: Ints, key: Ints, row: Ints, keys: int, writes: int) -> Ints:
    return (instance * keys + key) * (writes + 1) + row


def _may_cull(written: Ints, limits: Limits) -> bool:
    """Return whether writes of these keys can have met a full cache."""
    distinct = len(np.unique(written))
    # The write that brings the last key finds room for one entry; a rewrite after it finds none.
    return distinct + (len(written) > distinct) > limits.max_entries


def _evictions(
    lookups: Lookups, instance: int, written: Writes, rows: Ints, limits: Limits
) -> Floats:
    """Return when each write of one instance was culled, inf: never. [len(rows)]"""
    read = np.flatnonzero(lookups.instance == instance)
    at_s = np.concatenate([lookups.get_s[read], written.at_s[rows]])
    events = in_time_order(  # at equal times reads come first
        at_s,
        np.concatenate([np.full(len(read), -1), np.arange(len(rows))]),
        np.concatenate([np.full(len(read), Operation.USE), written.operation[rows]]),
        np.concatenate([lookups.key[read], written.key[rows]]),
        at_s,
        np.concatenate([np.zeros(len(read)), written.ttl_s[rows]]),
    )
    cache, latest = LocMem(limits), dict[int, int]()
    evicted_s = np.full(len(rows), np.inf)
    for write, operation, key, now, ttl in events:
        for culled in cache.apply(operation, key, now, ttl):
            evicted_s[latest[culled]] = now
        if operation != Operation.USE:
            latest[key] = write
    return evicted_s
