"""What `MAX_ENTRIES` costs one LocMem cache on average, without playing a single lookup.

Che's approximation (Che, Tung, Wang 2002; why it is so good: Fricker, Robert, Roberts 2012): a
cache that drops the least recently used entry holds exactly the keys of a window of its latest
requests, and the window of n entries is the one with n different keys in it on average.

Django culls a third in one go when the cache is full. Until the next cull nothing is dropped: the
window grows by one with each request; a cull cuts it back. So the window's length is a sawtooth
between two values, and all else follows from them. Windows are counted in requests of this cache.
The mean number of entries is close to 5/6 `MAX_ENTRIES`, but a cache of that constant size would
hit less often.
"""

import math
from dataclasses import dataclass
from math import inf

import numpy as np

from harness.arrays import Floats
from harness.forecast.popularity import Keys
from harness.model.locmem import Limits

FEWEST_FULL = 3  # below, a third is no entry at all: Django then lets the cache grow to 3
NODES = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Sawtooth:
    """The window just after a cull and just before the next, and the keys in each of them."""

    limits: Limits
    low: float
    high: float
    kept: float
    full: float


def culls(keys: Keys, limits: Limits) -> bool:
    """Return whether a cache that writes a key only after missing it can ever be too full."""
    return keys.total > max(limits.max_entries, FEWEST_FULL)


def sawtooth(keys: Keys, limits: Limits) -> Sawtooth:
    """Return the sawtooth of a cache that culls.

    Half an entry is added, since n entries last from the n-th to the next distinct key.
    """
    full = max(limits.max_entries, FEWEST_FULL)
    kept = full - full // limits.cull_frequency
    return Sawtooth(
        limits=limits,
        low=_window(keys, kept + 0.5),
        high=_window(keys, full + 0.5),
        kept=kept + 0.5,
        full=full + 0.5,
    )


def distinct(keys: Keys, window: float) -> float:
    """Return the expected number of different keys among N requests."""
    with np.errstate(divide="ignore"):  # a single key has chance 1
        return float(keys.count @ -np.expm1(window * np.log1p(-keys.chance)))


def window_after(sawtooth: Sawtooth, requests: float) -> tuple[float, float]:
    """Return culls so far and the window of a cache that was empty N requests ago."""
    if requests <= sawtooth.high:
        return 0.0, requests
    culls, grown = divmod(requests - sawtooth.high, sawtooth.high - sawtooth.low)
    return culls + 1, sawtooth.low + grown


def misses_from_empty(keys: Keys, sawtooth: Sawtooth, requests: float) -> float:
    """Return the expected misses of the first requests: what is present plus what was culled."""
    culls, window = window_after(sawtooth, requests)
    return distinct(keys, window) + culls * (sawtooth.full - sawtooth.kept)


def steady_entries(keys: Keys, sawtooth: Sawtooth) -> float:
    """Return the mean number of entries between culls, expired ones among them."""
    return float(np.mean([distinct(keys, window) for window in _nodes(sawtooth)]))


def steady_hit_rate(keys: Keys, sawtooth: Sawtooth, lifetime: float = inf) -> float:
    """Return the long-run hit rate; `lifetime` is the timeout in requests of this cache.

    Expired keys stay until they are read or culled, so the sawtooth is the same.
    """
    if lifetime == inf:
        return 1 - (sawtooth.full - sawtooth.kept) / (sawtooth.high - sawtooth.low)
    hits = [_hits_per_miss(keys.chance, window, lifetime) for window in _nodes(sawtooth)]
    weight = keys.count * keys.chance
    return float(np.mean([(weight * each / (1 + each)).sum() for each in hits]))


def _hits_per_miss(chance: Floats, window: float, lifetime: float) -> Floats:
    """Return how often a key is hit after a miss, before it is unused too long or expires. [G]

    With a = q window: q lifetime, if the lifetime ends first; expm1(a), if there is none (the mean
    number of intervals in a row that are shorter than the window). Between the two, the rate of
    hits fades exponentially once the window has passed, at the pace that reaches both ends.
    """
    if lifetime <= window:
        return chance * lifetime
    a = np.minimum(chance * window, 500.0)
    later = np.where(a < 1e-3, a**2 / 2 * (1 + a / 3), np.expm1(a) - a)
    pace = chance * -np.expm1(-a) / later
    hits: Floats = chance * window + later * -np.expm1(-pace * (lifetime - window))
    return hits


def _nodes(sawtooth: Sawtooth) -> Floats:
    return sawtooth.low + (sawtooth.high - sawtooth.low) * (np.arange(NODES) + 0.5) / NODES


def _window(keys: Keys, entries: float) -> float:
    """Return the window in which N different keys are expected; fewer than there are."""
    low, high = np.log(entries), 700.0  # a window is never shorter than its keys
    for _ in range(60):
        middle = (low + high) / 2
        short = distinct(keys, float(np.exp(middle))) < entries
        low, high = (middle, high) if short else (low, middle)
    return float(np.exp(high))


def sampling_error(keys: Keys, sawtooth: Sawtooth, requests: float) -> float:
    """Return how far chance moves the hit rate of the first requests from `misses_from_empty`.

    Caches do not cull at the same moment. A jump of the miss rate by d at a moment with deviation
    s is smoothed by 0.4 d s misses; once all phases are mixed, by at most d / 8 for each request
    from cull to cull. The deviation grows with the square root of the culls.
    """
    culls, _ = window_after(sawtooth, requests)
    jump = _miss_rate(keys, sawtooth.low) - _miss_rate(keys, sawtooth.high)
    moment = _deviation(keys, sawtooth.high) / max(_miss_rate(keys, sawtooth.high), 1e-300)
    smoothed = min(0.4 * moment * math.sqrt(max(culls, 1.0)), (sawtooth.high - sawtooth.low) / 8)
    return jump * smoothed / requests


def _miss_rate(keys: Keys, window: float) -> float:
    """Return the chance that the key of a request is not in its window."""
    with np.errstate(divide="ignore"):
        absent = np.exp(window * np.log1p(-keys.chance))
    return float((keys.count * keys.chance * absent).sum())


def _deviation(keys: Keys, window: float) -> float:
    """Return the standard deviation of the number of different keys in a window.

    That of Poisson arrivals, less what the fixed number of requests takes away.
    """
    missing = np.exp(-keys.chance * window)
    spread = float((keys.count * missing * (1 - missing)).sum())
    fixed = window * float((keys.count * keys.chance * missing).sum()) ** 2
    return math.sqrt(max(spread - fixed, 0.0))
