"""Single caches played lookup by lookup: for sizes at which no closed form holds.

Stores are alike when requests are spread at random, so a few of them tell about all. Each gets
its own share of the requests and its own keys; a miss writes its key at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf

import numpy as np

from harness.arrays import Ints
from harness.forecast.popularity import Keys
from harness.model.locmem import Limits, LocMem
from harness.stats.interval import Z_95

LOOKUPS = 60_000  # that are played for one figure; some hundredths of a second
STORES = 8  # at least, so that their spread tells the error


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """Means over `stores` caches; `error`: half the 95 % interval of the hit rate."""

    hit_rate: float
    entries: float
    stores: int
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """What one store is given: keys, limits, a timeout in requests of this store."""

    keys: Keys
    limits: Limits
    lifetime: float = inf


def sampled_from_empty(
    play: Play, requests: int, workers: int, rng: np.random.Generator
) -> Sampled:
    """Return the hit rate of R requests over N even workers whose caches are empty at first."""
    stores = max(STORES, ceil(LOOKUPS * workers / requests))
    return _mean(_played(play, rng.binomial(requests, 1 / workers, stores), 0, rng))


def sampled_steady(play: Play, warm_up: int, rng: np.random.Generator) -> Sampled:
    """Return the long-run hit rate of a store, from `STORES` of them after so many requests."""
    return _mean(_played(play, np.full(STORES, LOOKUPS // STORES), warm_up, rng))


def _played(play: Play, requests: Ints, warm_up: int, rng: np.random.Generator) -> Ints:
    """Return hits and lookups after the warm-up, and entries at the end, of each store. [S, 3]"""
    ends = np.cumsum(requests + warm_up)
    keys = play.keys.draw(int(ends[-1]), rng)
    clock = rng.exponential(1.0, len(keys)).cumsum()
    rows = []
    for end, counted in zip(ends.tolist(), requests.tolist(), strict=True):
        part = slice(end - counted - warm_up, end)
        cache = LocMem(play.limits)
        hit = _outcomes(cache, keys[part].tolist(), clock[part].tolist(), play.lifetime)
        rows.append((sum(hit[warm_up:]), counted, len(cache)))
    return np.array(rows)


def _outcomes(cache: LocMem, keys: list[int], clock: list[float], lifetime: float) -> list[bool]:
    """Return whether each lookup hit."""
    hits = []
    for key, now in zip(keys, clock, strict=True):
        hits.append(cache.get(key, now))
        if not hits[-1]:
            cache.set(key, now, lifetime)
    return hits


def _mean(played: Ints) -> Sampled:
    """Return the ratio of all hits to all lookups, with the error of a ratio of means."""
    hits, lookups, entries = played.T
    total, stores = max(int(lookups.sum()), 1), len(played)
    rate = float(hits.sum() / total)
    spread = float(((hits - rate * lookups) ** 2).sum()) * stores / (stores - 1)
    return Sampled(
        hit_rate=rate,
        entries=float(entries.mean()),
        stores=stores,
        error=Z_95 * spread**0.5 / total,
    )
