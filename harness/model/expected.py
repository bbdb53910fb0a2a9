"""What one of N even LocMem caches is expected to do, by the cheapest way that holds.

Closed forms where they are exact, Che's approximation for `MAX_ENTRIES` where it was found to be
within 0.005 of the simulation, the simulation where it is not. Requests find a random cache.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import inf

import numpy as np

from harness.model.closed_forms import distinct_pairs_of_popularity, hit_rate_with_timeout
from harness.model.culling import (
    Saw,
    culls,
    distinct,
    luck,
    misses_from_empty,
    saw,
    steady_entries,
    steady_hit_rate,
    window_after,
)
from harness.model.locmem import Limits
from harness.model.popularity import Keys
from harness.model.sampled import Play, Sampled, sampled_from_empty, sampled_steady

CLAIMED = 0.005  # what the approximation is held to wherever it is used without a word
ROUGH = 0.01  # what it is held to where it is the only way left
LUCK = 0.003  # of it, what chance may take
FEWEST_ENTRIES = 20  # below, an average window says too little
ALIKE = 0.5  # exponent below which keys expire in step with the culls
PLAYED = 20_000  # requests of one cache that the simulation can afford
LONG = 300  # windows after which neither the start nor the timeout shows any more
SEED = 1


class Way(StrEnum):
    """How a figure was found."""

    NOTHING_LOST = "nothing-lost"
    DISTINCT_PAIRS = "distinct-pairs"
    RENEWAL = "renewal"
    WINDOW = "window"
    SIMULATION = "simulation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What all caches together are asked; `saw` None: nothing is ever culled.

    Either so many `requests` from empty caches on, without a timeout, or, if None, the long run
    with a timeout of `lifetime` requests to all caches.
    """

    keys: Keys
    exponent: float
    requests: int | None
    lifetime: float = inf
    limits: Limits | None = None
    saw: Saw | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One cache of several. `error`: how far off the hit rate can be; `stores` were played."""

    hit_rate: float
    entries: float
    way: Way
    error: float = 0.0
    stores: int = 0


def limited(load: Load, max_entries: int) -> Load:
    """Return the load on caches with `MAX_ENTRIES`; unchanged where it can never matter."""
    limits = Limits(max_entries)
    if not culls(load.keys, limits):
        return load
    return Load(
        keys=load.keys,
        exponent=load.exponent,
        requests=load.requests,
        lifetime=load.lifetime,
        limits=limits,
        saw=saw(load.keys, limits),
    )


def expected(load: Load, workers: int) -> Expected:
    """Return what each of so many even caches does."""
    if load.requests is not None:
        if load.saw is None or _stays_below(load.keys, load.saw, load.requests / workers):
            return _distinct(load.keys, load.requests, workers)
        return _filled(load, load.saw, load.requests, workers)
    lifetime = load.lifetime / workers
    if load.saw is not None:
        return _culled(load, load.saw, lifetime)
    if lifetime == inf:
        return Expected(hit_rate=1.0, entries=load.keys.total, way=Way.NOTHING_LOST)
    rate = hit_rate_with_timeout(load.keys.chance, 1, 1.0, lifetime, load.keys.count)
    return Expected(hit_rate=rate, entries=load.keys.total, way=Way.RENEWAL)


def alike(load: Load, workers: int) -> bool:
    """Return whether each of so many caches sees what a single one would: a thinned copy."""
    span = load.lifetime if load.requests is None else load.requests
    return load.saw is not None and _is_small(load.saw) and span / workers > LONG * load.saw.high


def live_entries(load: Load) -> float:
    """Return the entries of one cache that forgets what has expired and culls nothing."""
    if load.requests is not None:
        return distinct(load.keys, load.requests)
    if load.lifetime == inf:
        return load.keys.total
    hits = load.keys.chance * load.lifetime
    return float((load.keys.count * hits / (1 + hits)).sum())


def _stays_below(keys: Keys, saw: Saw, requests: float) -> bool:
    """Return whether hardly any cache (1 in 30,000) gets more keys than it can hold."""
    entries = distinct(keys, requests)
    return bool(entries + 4 * entries**0.5 <= saw.full)


def _distinct(keys: Keys, requests: int, workers: int) -> Expected:
    pairs = distinct_pairs_of_popularity(keys.chance, workers, requests, keys.count)
    pairs = min(pairs, requests)  # beyond it only by rounding
    return Expected(hit_rate=1 - pairs / requests, entries=pairs / workers, way=Way.DISTINCT_PAIRS)


def _filled(load: Load, saw: Saw, requests: int, workers: int) -> Expected:
    """Return what a cache does that started empty and has culled since."""
    share = requests / workers
    if _is_small(saw) and share > LONG * saw.high:
        return _culled(load, saw, inf)
    holds = not _is_small(saw) and luck(load.keys, saw, share) <= LUCK
    if not holds and share <= PLAYED:
        rng = np.random.default_rng([SEED, workers])
        return _from(sampled_from_empty(_play(load), requests, workers, rng))
    early = share <= 4 * saw.high
    return Expected(
        hit_rate=max(1 - misses_from_empty(load.keys, saw, share) / share, 0.0),
        entries=distinct(load.keys, window_after(saw, share)[1])
        if early
        else steady_entries(load.keys, saw),
        way=Way.WINDOW,
        error=CLAIMED if holds else ROUGH,
    )


def _culled(load: Load, saw: Saw, lifetime: float) -> Expected:
    """Return what a cache does that has been full for long. `lifetime` in its own requests."""
    in_step = load.exponent < ALIKE and saw.low < lifetime < 30 * saw.high
    holds = not (_is_small(saw) or in_step)
    if not holds and saw.high <= PLAYED / 4:
        warm_up, rng = int(2 * saw.high), np.random.default_rng(SEED)
        return _from(sampled_steady(_play(load, lifetime), warm_up, rng))
    return Expected(
        hit_rate=steady_hit_rate(load.keys, saw, lifetime),
        entries=steady_entries(load.keys, saw),
        way=Way.WINDOW,
        error=CLAIMED if holds else ROUGH,
    )


def _is_small(saw: Saw) -> bool:
    return saw.full < FEWEST_ENTRIES


def _play(load: Load, lifetime: float = inf) -> Play:
    assert load.limits is not None
    return Play(keys=load.keys, limits=load.limits, lifetime=lifetime)


def _from(played: Sampled) -> Expected:
    return Expected(
        hit_rate=played.hit_rate,
        entries=played.entries,
        way=Way.SIMULATION,
        error=played.error,
        stores=played.stores,
    )
