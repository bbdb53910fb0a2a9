"""What `MAX_ENTRIES` costs one LocMem cache on average, without simulating a single lookup.

Keys are Zipf's, any number of them, in some thousand groups of keys that are alike.
"""

import math
from dataclasses import dataclass
from math import inf

import numpy as np

from harness.arrays import Floats, Ints
from harness.model.locmem import Limits

SINGLE = 4096  # ranks that are a group each
WIDEST = 0.01  # of a group's rank: its keys differ in popularity by that much times the exponent


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Groups of keys, most popular first; `chance` is that of each key of a group."""

    chance: Floats  # [G] count @ chance is 1
    count: Floats  # [G] whole numbers of 1 or more

    @property
    def total(self) -> int:
        """Return the number of keys."""
        return int(self.count.sum())

    def draw(self, lookups: int, rng: np.random.Generator) -> Ints:
        """Return random keys, numbered from 0 by their rank. [lookups]"""
        bounds = np.cumsum(self.count * self.chance)[:-1]
        group = np.searchsorted(bounds, rng.random(lookups), side="right")
        first = np.cumsum(self.count) - self.count
        key = first[group] + np.floor(rng.random(lookups) * self.count[group])
        return key.astype(np.int64)


def zipf_keys(keys: int, exponent: float) -> Keys:
    """Return keys with chance proportional to 1 / rank ** exponent; 0: all alike.

    The weight of a group of ranks a to b - 1 is the integral of the law from a - 1/2 to b - 1/2,
    which is the sum to within (exponent / a)^2.
    """
    if exponent == 0:
        return Keys(chance=np.array([1 / keys]), count=np.array([float(keys)]))
    first = _first_ranks(keys)
    end = np.append(first[1:], keys + 1.0)
    count = end - first
    weight = np.where(count > 1, _integral(first - 0.5, end - 0.5, exponent), first**-exponent)
    return Keys(chance=weight / weight.sum() / count, count=count)


def _first_ranks(keys: int) -> Floats:
    """Return the first rank of each group, ascending from 1."""
    alone = np.arange(1, min(keys, SINGLE) + 1, dtype=np.float64)
    if keys <= SINGLE:
        return alone
    steps = np.arange(1, np.log((keys + 1) / SINGLE) / WIDEST)
    beyond = np.unique(np.floor(SINGLE * np.exp(WIDEST * steps)))
    return np.concatenate([alone, [SINGLE + 1.0], beyond[(beyond > SINGLE + 1) & (beyond <= keys)]])


def _integral(low: Floats, high: Floats, exponent: float) -> Floats:
    """Return the integral of x ** -exponent; stable near exponent 1, where it is log(high/low)."""
    power, ratio = 1 - exponent, np.log(high / low)
    grown: Floats = ratio if power == 0 else np.expm1(power * ratio) / power
    return low**power * grown


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
