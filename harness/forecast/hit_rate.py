"""The expected hit rate of one of N equally busy LocMem caches, by the cheapest method that holds.

Closed forms where they are exact, Che's approximation for `MAX_ENTRIES` where it was found to be
within 0.005 of the simulation, a simulation of single caches where it is not. Each request goes to
a random cache, and a miss writes its key immediately.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from math import ceil, inf

import numpy as np

from harness.arrays import Ints
from harness.forecast.culling import (
    Keys,
    Sawtooth,
    culls,
    distinct,
    misses_from_empty,
    sampling_error,
    sawtooth,
    steady_entries,
    steady_hit_rate,
    window_after,
)
from harness.model.closed_forms import distinct_pairs_of_popularity, hit_rate_with_timeout
from harness.model.locmem import Limits, LocMem
from harness.stats.interval import Z_95

MAX_ERROR = 0.005  # of the approximation where it is preferred to the simulation
ROUGH_ERROR = 0.01  # of the approximation where it is the only method left
MAX_SAMPLING_ERROR = 0.003  # what chance may take of MAX_ERROR
FEWEST_ENTRIES = 20  # below, an average window is too coarse
NEARLY_UNIFORM = 0.5  # exponent below which keys expire in step with the culls
AFFORDABLE = 20_000  # requests of one cache that the simulation can play
LONG = 300  # windows after which neither the start nor the timeout matters
SEED = 1
PLAYED_LOOKUPS = 60_000  # for one figure; some hundredths of a second
PLAYED_CACHES = 8  # at least, so that their spread gives the error


class Method(StrEnum):
    """How a figure was found."""

    NOTHING_LOST = "nothing-lost"
    DISTINCT_PAIRS = "distinct-pairs"
    RENEWAL = "renewal"
    WINDOW = "window"
    SIMULATION = "simulation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What is requested of all caches together; `sawtooth` None: nothing is ever culled.

    Either `requests`, starting with empty caches and without a timeout, or, if None, the long run
    with a timeout of `lifetime` requests to all caches.
    """

    keys: Keys
    exponent: float
    requests: int | None
    lifetime: float = inf
    sawtooth: Sawtooth | None = None

    @property
    def is_small(self) -> bool:
        """Return whether a cache holds too few entries for the approximation."""
        return self.sawtooth is not None and self.sawtooth.full < FEWEST_ENTRIES


@dataclass(frozen=True, slots=True, kw_only=True)
class HitRateForecast:
    """One cache of several. `error`: how far off the hit rate can be, at 95 % if it was simulated.

    `caches_played`: in the simulation.
    """

    hit_rate: float
    entries: float
    method: Method
    error: float = 0.0
    caches_played: int = 0


def limited(demand: Demand, max_entries: int) -> Demand:
    """Return the demand on caches with `MAX_ENTRIES`; unchanged where it can never matter."""
    limits = Limits(max_entries)
    if not culls(demand.keys, limits):
        return demand
    return replace(demand, sawtooth=sawtooth(demand.keys, limits))


def expected(demand: Demand, workers: int) -> HitRateForecast:
    """Return what each of N equally busy caches does."""
    edges, keys = demand.sawtooth, demand.keys
    if demand.requests is not None:
        if edges is None or _stays_below(keys, edges, demand.requests / workers):
            return _distinct(keys, demand.requests, workers)
        return _filled(demand, edges, demand.requests, workers)
    lifetime = demand.lifetime / workers
    if edges is not None:
        return _culled(demand, edges, lifetime)
    if lifetime == inf:
        return HitRateForecast(hit_rate=1.0, entries=keys.total, method=Method.NOTHING_LOST)
    rate = hit_rate_with_timeout(keys.chance, 1, 1.0, lifetime, keys.count)
    return HitRateForecast(hit_rate=rate, entries=keys.total, method=Method.RENEWAL)


def is_independent_of_workers(demand: Demand, workers: int) -> bool:
    """Return whether each of N caches sees what a single one would: a thinned copy."""
    span = demand.lifetime if demand.requests is None else demand.requests
    edges = demand.sawtooth
    return edges is not None and demand.is_small and span / workers > LONG * edges.high


def live_entries(demand: Demand) -> float:
    """Return the entries of one cache that removes what has expired and culls nothing."""
    if demand.requests is not None:
        return distinct(demand.keys, demand.requests)
    if demand.lifetime == inf:
        return demand.keys.total
    hits = demand.keys.chance * demand.lifetime
    return float((demand.keys.count * hits / (1 + hits)).sum())


def _stays_below(keys: Keys, edges: Sawtooth, requests: float) -> bool:
    """Return whether hardly any cache (1 in 30,000) gets more keys than it can hold."""
    entries = distinct(keys, requests)
    return bool(entries + 4 * entries**0.5 <= edges.full)


def _distinct(keys: Keys, requests: int, workers: int) -> HitRateForecast:
    pairs = distinct_pairs_of_popularity(keys.chance, workers, requests, keys.count)
    pairs = min(pairs, requests)  # beyond it only by rounding
    rate, entries = 1 - pairs / requests, pairs / workers
    return HitRateForecast(hit_rate=rate, entries=entries, method=Method.DISTINCT_PAIRS)


def _filled(demand: Demand, edges: Sawtooth, requests: int, workers: int) -> HitRateForecast:
    """Return what a cache does that started empty and has culled since."""
    share = requests / workers
    if demand.is_small and share > LONG * edges.high:
        return _culled(demand, edges, inf)
    holds = not demand.is_small and sampling_error(demand.keys, edges, share) <= MAX_SAMPLING_ERROR
    if not holds and share <= AFFORDABLE:
        return played_from_empty(
            demand.keys, edges.limits, requests, workers, np.random.default_rng([SEED, workers])
        )
    early = share <= 4 * edges.high
    return HitRateForecast(
        hit_rate=max(1 - misses_from_empty(demand.keys, edges, share) / share, 0.0),
        entries=distinct(demand.keys, window_after(edges, share)[1])
        if early
        else steady_entries(demand.keys, edges),
        method=Method.WINDOW,
        error=MAX_ERROR if holds else ROUGH_ERROR,
    )


def _culled(demand: Demand, edges: Sawtooth, lifetime: float) -> HitRateForecast:
    """Return what a cache does that has been full for long. `lifetime` in its own requests."""
    in_step = demand.exponent < NEARLY_UNIFORM and edges.low < lifetime < 30 * edges.high
    holds = not (demand.is_small or in_step)
    if not holds and edges.high <= AFFORDABLE / 4:
        rng, requests = np.random.default_rng(SEED), PLAYED_LOOKUPS // PLAYED_CACHES
        counted = np.full(PLAYED_CACHES, requests)
        return _played(demand.keys, edges.limits, counted, rng, lifetime, int(2 * edges.high))
    return HitRateForecast(
        hit_rate=steady_hit_rate(demand.keys, edges, lifetime),
        entries=steady_entries(demand.keys, edges),
        method=Method.WINDOW,
        error=MAX_ERROR if holds else ROUGH_ERROR,
    )


def played_from_empty(
    keys: Keys,
    limits: Limits,
    requests: int,
    workers: int,
    rng: np.random.Generator,
    lifetime: float = inf,
) -> HitRateForecast:
    """Return a simulation of R requests to N equally busy workers whose caches start empty.

    `lifetime` is the timeout in requests of one cache.
    """
    caches = max(PLAYED_CACHES, ceil(PLAYED_LOOKUPS * workers / requests))
    return _played(keys, limits, rng.binomial(requests, 1 / workers, caches), rng, lifetime)


def _played(
    keys: Keys,
    limits: Limits,
    requests: Ints,
    rng: np.random.Generator,
    lifetime: float,
    warm_up: int = 0,
) -> HitRateForecast:
    """Return the mean of caches that are played, one for each of `requests` after a warm-up. [S]

    The hit rate is that of all lookups together, its error that of a ratio of means.
    """
    ends = np.cumsum(requests + warm_up)
    drawn = keys.draw(int(ends[-1]), rng)
    clock = rng.exponential(1.0, len(drawn)).cumsum()
    hits, entries = np.empty(len(requests)), np.empty(len(requests))
    for row, (end, counted) in enumerate(zip(ends.tolist(), requests.tolist(), strict=True)):
        part = slice(end - counted - warm_up, end)
        cache = LocMem(limits)
        hit = _outcomes(cache, drawn[part].tolist(), clock[part].tolist(), lifetime)
        hits[row], entries[row] = sum(hit[warm_up:]), len(cache)
    total, caches = max(int(requests.sum()), 1), len(requests)
    rate = float(hits.sum() / total)
    spread = float(((hits - rate * requests) ** 2).sum()) * caches / (caches - 1)
    return HitRateForecast(
        hit_rate=rate,
        entries=float(entries.mean()),
        method=Method.SIMULATION,
        error=Z_95 * spread**0.5 / total,
        caches_played=caches,
    )


def _outcomes(cache: LocMem, keys: list[int], clock: list[float], lifetime: float) -> list[bool]:
    """Return whether each lookup hit."""
    hits = []
    for key, now in zip(keys, clock, strict=True):
        hits.append(cache.get(key, now))
        if not hits[-1]:
            cache.set(key, now, lifetime)
    return hits
