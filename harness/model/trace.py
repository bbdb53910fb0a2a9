"""One cache's share of a trace: its lookups in the order of time, and how misses were refilled.

What a simulation needs to play the same lookups again with another routing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from harness.arrays import Bools, Floats, Ints
from harness.model.locmem import Limits
from harness.model.writes import NO_WRITES, Writes


@dataclass(frozen=True, slots=True, kw_only=True)
class Refills:
    """What followed the misses of one cache, to be drawn from.

    Delays, from the read to the write taking effect, are drawn over all keys; lifetimes from the
    misses of the same key, nan where such a miss was not refilled.
    """

    delay_s: Floats  # [D], at least one
    ttl_s: Floats  # [M] in the order of keys
    first: Ints  # [keys] row of a key's first lifetime
    count: Ints  # [keys]

    def draw(self, key: Ints, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Return a delay and a lifetime for a miss of each key; never missed: inf. [N], [N]"""
        delay_s = rng.choice(self.delay_s, len(key))
        ttl_s = np.full(len(key), np.inf)
        known = np.flatnonzero(self.count[key])
        pick = key[known]
        ttl_s[known] = self.ttl_s[self.first[pick] + rng.integers(self.count[pick])]
        return delay_s, ttl_s


def refills(key: Ints, delay_s: Floats, ttl_s: Floats, keys: int) -> Refills:
    """Return the refills of M misses; nan: not refilled. A lifetime of 0 or less holds nothing."""
    order = np.argsort(key, kind="stable")
    count = np.bincount(key, minlength=keys)
    known = delay_s[~np.isnan(delay_s)]
    return Refills(
        delay_s=known if len(known) else np.zeros(1),
        ttl_s=np.where(ttl_s > 0, ttl_s, np.nan)[order],
        first=np.cumsum(count) - count,
        count=count,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheTrace:
    """L lookups of one cache, ascending in time.

    `shared`: one store for all workers, else one for each life. `serial`: a store never serves
    two requests at once, so that no lookup can find a refill in flight. `emptied_s`: when a shared
    store lost everything, ascending. `held`: what lives began with, all SETs, the least recently
    used first. `delay_s` and `ttl_s`: the refill that followed a lookup that missed in truth,
    `ttl_s` nan where none did; `delay_s` nan where that has to be drawn.
    """

    request: Ints  # [L] row in what a routing draws
    key: Ints  # [L] from 0 to `keys` - 1
    at_s: Floats  # [L]
    keys: int
    shared: bool
    serial: bool
    limits: Limits | None
    refills: Refills
    emptied_s: tuple[float, ...] = ()
    writes: Writes = NO_WRITES  # by request, ascending in time
    held: Writes = NO_WRITES  # by life
    delay_s: Floats | None = None  # [L]
    ttl_s: Floats | None = None  # [L]

    def lifetimes(self, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Return delay and lifetime of the refill that a miss of each lookup brings. [L], [L]"""
        delay_s, ttl_s = self.refills.draw(self.key, rng)
        if self.delay_s is None or self.ttl_s is None:
            return delay_s, ttl_s
        known = ~np.isnan(self.delay_s)
        return np.where(known, self.delay_s, delay_s), np.where(known, self.ttl_s, ttl_s)

    def store(self, life: Ints) -> Ints:
        """Return the store of each lookup, given who serves each request. [R] -> [L]"""
        if self.shared:
            return np.searchsorted(np.array(self.emptied_s), self.at_s)
        store: Ints = life[self.request]
        return store

    def store_of_writes(self, life: Ints) -> Ints:
        """Return the store of each of `writes`, as of `store`. [R] -> [P]"""
        if self.shared:
            return np.searchsorted(np.array(self.emptied_s), self.writes.at_s)
        store: Ints = life[self.writes.owner]
        return store

    @property
    def may_cull(self) -> bool:
        """Return whether some routing can fill a store beyond its limits."""
        if self.limits is None:
            return False
        distinct = len(np.unique(np.concatenate([self.key, self.writes.key, self.held.key])))
        return distinct + (not self.once) > self.limits.max_entries

    @property
    def once(self) -> bool:
        """Return whether a store writes a key at most once: no timeout passes, none in flight."""
        span_s = self.at_s[-1] - self.at_s[0] if len(self.at_s) else 0.0
        if len(self.writes) or len(self.held):
            return False
        return self.serial and bool(np.all(self.refills.ttl_s > span_s))

    def subset(self, rows: Bools) -> CacheTrace:
        """Return the same cache with the chosen lookups alone."""
        return replace(
            self,
            request=self.request[rows],
            key=self.key[rows],
            at_s=self.at_s[rows],
            delay_s=None if self.delay_s is None else self.delay_s[rows],
            ttl_s=None if self.ttl_s is None else self.ttl_s[rows],
        )
