"""One cache's share of a trace: its lookups in the order of time, and how misses were refilled.

What a simulation needs to play the same lookups again with another routing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.arrays import Bools, Floats, Ints
from harness.model.locmem import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Writes:
    """P writes that refill no miss, in any order.

    `target` is the cache instance, or the request that a routing sends to one.
    """

    target: Ints  # [P]
    key: Ints  # [P]
    at_s: Floats  # [P]
    operation: Ints  # [P] of `Operation`
    ttl_s: Floats  # [P] of a SET or TOUCH; inf: no timeout

    def ordered(self) -> "Writes":
        """Return the same writes, ascending in time."""
        order = np.argsort(self.at_s, kind="stable")
        return Writes(**{each.name: getattr(self, each.name)[order] for each in fields(self)})

    def followed_by(self, other: "Writes") -> "Writes":
        """Return these writes and then the others."""
        pairs = {
            each.name: [getattr(self, each.name), getattr(other, each.name)]
            for each in fields(self)
        }
        return Writes(**{name: np.concatenate(pair) for name, pair in pairs.items()})

    def __len__(self) -> int:
        return len(self.target)


NO_WRITES = Writes(
    target=np.empty(0, np.int64),
    key=np.empty(0, np.int64),
    at_s=np.empty(0),
    operation=np.empty(0, np.int64),
    ttl_s=np.empty(0),
)


def in_time_order(at_s: Floats, *columns: npt.NDArray[Any]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of `columns`, ascending in time; at equal times in the order given."""
    order = np.argsort(at_s, kind="stable")
    yield from zip(*(column[order].tolist() for column in columns), strict=True)


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
    """Return the refills of M misses; nan: not refilled. A lifetime of 0 or less stores nothing."""
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

    `shared`: one cache instance for all workers, else one for each life. `serial`: an instance
    never serves two requests concurrently, so no lookup can find a refill in flight. `emptied_s`:
    when a shared cache lost everything, ascending. `inherited`: the entries that lives started
    with, all SETs, the least recently used first. `delay_s` and `ttl_s`: the refill that followed
    a lookup that really missed, `ttl_s` nan where none did; `delay_s` nan where it has to be drawn.
    """

    request: Ints  # [L] row in what a routing draws
    key: Ints  # [L] from 0 to `keys` - 1
    at_s: Floats  # [L]
    keys: int
    shared: bool
    serial: bool
    limits: Limits | None
    refills: Refills
    delay_s: Floats  # [L]
    ttl_s: Floats  # [L]
    emptied_s: tuple[float, ...] = ()
    writes: Writes = NO_WRITES  # by request, ascending in time
    inherited: Writes = NO_WRITES  # by life

    def lifetimes(self, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Return delay and lifetime of the refill after a miss of each lookup. [L], [L]"""
        delay_s, ttl_s = self.refills.draw(self.key, rng)
        known = ~np.isnan(self.delay_s)
        return np.where(known, self.delay_s, delay_s), np.where(known, self.ttl_s, ttl_s)

    def instance(self, life: Ints) -> Ints:
        """Return the cache instance of each lookup, given who serves each request. [R] -> [L]"""
        return self.instance_at(life, self.request, self.at_s)

    def instance_at(self, life: Ints, request: Ints, at_s: Floats) -> Ints:
        """Return the cache instance that M requests use at a time each. [R], [M], [M] -> [M]"""
        return np.searchsorted(np.array(self.emptied_s), at_s) if self.shared else life[request]

    @property
    def may_cull(self) -> bool:
        """Return whether some routing can fill a cache beyond its limits."""
        if self.limits is None:
            return False
        distinct = len(np.unique(np.concatenate([self.key, self.writes.key, self.inherited.key])))
        return distinct + (not self.once) > self.limits.max_entries

    @property
    def once(self) -> bool:
        """Return whether an instance writes a key at most once: no timeout, none in flight."""
        span_s = self.at_s[-1] - self.at_s[0] if len(self.at_s) else 0.0
        if len(self.writes) or len(self.inherited):
            return False
        return self.serial and bool(np.all(self.refills.ttl_s > span_s))

    def subset(self, rows: Bools) -> "CacheTrace":
        """Return the same cache with the chosen lookups alone."""
        return replace(
            self,
            request=self.request[rows],
            key=self.key[rows],
            at_s=self.at_s[rows],
            delay_s=self.delay_s[rows],
            ttl_s=self.ttl_s[rows],
        )
