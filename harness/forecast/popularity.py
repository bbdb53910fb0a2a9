"""Zipf's popularity of any number of keys, in a few thousand groups of keys of equal popularity.

Sums over the keys then cost the same for a thousand keys as for a billion. Each popular key is a
group of its own; the tests check the others against `harness.load.trace.popularity`, which lists
every key.
"""

from dataclasses import dataclass

import numpy as np

from harness.arrays import Floats, Ints

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
