"""What one of N even LocMem caches is expected to do, by the cheapest way that holds.

Closed forms where they are exact, Che's approximation for `MAX_ENTRIES` where it was found to be
within 0.005 of the simulation, the simulation where it is not. Requests find a random cache.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import inf

import numpy as np

from harness.forecast.culling import (
    Sawtooth,
    culls,
    distinct,
    luck,
    misses_from_empty,
    sawtooth,
    steady_entries,
    steady_hit_rate,
    window_after,
)
from harness.forecast.popularity import Keys
from harness.forecast.sampled import Play, Sampled, sampled_from_empty, sampled_steady
from harness.model.closed_forms import distinct_pairs_of_popularity, hit_rate_with_timeout
from harness.model.locmem import Limits

CLAIMED = 0.005  # what the approximation is held to wherever it is used without a word
ROUGH = 0.01  # what it is held to where it is the only way left
LUCK = 0.003  # of it, what chance may take
FEWEST_ENTRIES = 20  # below, an average window says too little
ALIKE = 0.5  # exponent below which keys expire in step with the culls
PLAYED = 20_000  # requests of one cache that the simulation can afford
LONG = 300  # windows after which neither the start nor the timeout shows any more
SEED = 1


class Method(StrEnum):
    """How a figure was found."""

    NOTHING_LOST = "nothing-lost"
    DISTINCT_PAIRS = "distinct-pairs"
    RENEWAL = "renewal"
    WINDOW = "window"
    SIMULATION = "simulation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What all caches together are asked; `sawtooth` None: nothing is ever culled.

    Either so many `requests` from empty caches on, without a timeout, or, if None, the long run
    with a timeout of `lifetime` requests to all caches.
    """

    keys: Keys
    exponent: float
    requests: int | None
    lifetime: float = inf
    limits: Limits | None = None
    sawtooth: Sawtooth | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HitRateForecast:
    """One cache of several. `error`: how far off the hit rate can be; `stores` were played."""

    hit_rate: float
    entries: float
    way: Method
    error: float = 0.0
    stores: int = 0


def limited(load: Demand, max_entries: int) -> Demand:
    """Return the load on caches with `MAX_ENTRIES`; unchanged where it can never matter."""
    limits = Limits(max_entries)
    if not culls(load.keys, limits):
        return load
    return Demand(
        keys=load.keys,
        exponent=load.exponent,
        requests=load.requests,
        lifetime=load.lifetime,
        limits=limits,
        sawtooth=sawtooth(load.keys, limits),
    )


def expected(load: Demand, workers: int) -> HitRateForecast:
    """Return what each of so many even caches does."""
    if load.requests is not None:
        if load.sawtooth is None or _stays_below(load.keys, load.sawtooth, load.requests / workers):
            return _distinct(load.keys, load.requests, workers)
        return _filled(load, load.sawtooth, load.requests, workers)
    lifetime = load.lifetime / workers
    if load.sawtooth is not None:
        return _culled(load, load.sawtooth, lifetime)
    if lifetime == inf:
        return HitRateForecast(hit_rate=1.0, entries=load.keys.total, way=Method.NOTHING_LOST)
    rate = hit_rate_with_timeout(load.keys.chance, 1, 1.0, lifetime, load.keys.count)
    return HitRateForecast(hit_rate=rate, entries=load.keys.total, way=Method.RENEWAL)


def alike(load: Demand, workers: int) -> bool:
    """Return whether each of so many caches sees what a single one would: a thinned copy."""
    span = load.lifetime if load.requests is None else load.requests
    return (
        load.sawtooth is not None
        and _is_small(load.sawtooth)
        and span / workers > LONG * load.sawtooth.high
    )


def live_entries(load: Demand) -> float:
    """Return the entries of one cache that forgets what has expired and culls nothing."""
    if load.requests is not None:
        return distinct(load.keys, load.requests)
    if load.lifetime == inf:
        return load.keys.total
    hits = load.keys.chance * load.lifetime
    return float((load.keys.count * hits / (1 + hits)).sum())


def _stays_below(keys: Keys, sawtooth: Sawtooth, requests: float) -> bool:
    """Return whether hardly any cache (1 in 30,000) gets more keys than it can hold."""
    entries = distinct(keys, requests)
    return bool(entries + 4 * entries**0.5 <= sawtooth.full)


def _distinct(keys: Keys, requests: int, workers: int) -> HitRateForecast:
    pairs = distinct_pairs_of_popularity(keys.chance, workers, requests, keys.count)
    pairs = min(pairs, requests)  # beyond it only by rounding
    return HitRateForecast(
        hit_rate=1 - pairs / requests, entries=pairs / workers, way=Method.DISTINCT_PAIRS
    )


def _filled(load: Demand, sawtooth: Sawtooth, requests: int, workers: int) -> HitRateForecast:
    """Return what a cache does that started empty and has culled since."""
    share = requests / workers
    if _is_small(sawtooth) and share > LONG * sawtooth.high:
        return _culled(load, sawtooth, inf)
    holds = not _is_small(sawtooth) and luck(load.keys, sawtooth, share) <= LUCK
    if not holds and share <= PLAYED:
        rng = np.random.default_rng([SEED, workers])
        return _from(sampled_from_empty(_play(load), requests, workers, rng))
    early = share <= 4 * sawtooth.high
    return HitRateForecast(
        hit_rate=max(1 - misses_from_empty(load.keys, sawtooth, share) / share, 0.0),
        entries=distinct(load.keys, window_after(sawtooth, share)[1])
        if early
        else steady_entries(load.keys, sawtooth),
        way=Method.WINDOW,
        error=CLAIMED if holds else ROUGH,
    )


def _culled(load: Demand, sawtooth: Sawtooth, lifetime: float) -> HitRateForecast:
    """Return what a cache does that has been full for long. `lifetime` in its own requests."""
    in_step = load.exponent < ALIKE and sawtooth.low < lifetime < 30 * sawtooth.high
    holds = not (_is_small(sawtooth) or in_step)
    if not holds and sawtooth.high <= PLAYED / 4:
        warm_up, rng = int(2 * sawtooth.high), np.random.default_rng(SEED)
        return _from(sampled_steady(_play(load, lifetime), warm_up, rng))
    return HitRateForecast(
        hit_rate=steady_hit_rate(load.keys, sawtooth, lifetime),
        entries=steady_entries(load.keys, sawtooth),
        way=Method.WINDOW,
        error=CLAIMED if holds else ROUGH,
    )


def _is_small(sawtooth: Sawtooth) -> bool:
    return sawtooth.full < FEWEST_ENTRIES


def _play(load: Demand, lifetime: float = inf) -> Play:
    assert load.limits is not None
    return Play(keys=load.keys, limits=load.limits, lifetime=lifetime)


def _from(played: Sampled) -> HitRateForecast:
    return HitRateForecast(
        hit_rate=played.hit_rate,
        entries=played.entries,
        way=Method.SIMULATION,
        error=played.error,
        stores=played.stores,
    )
