"""How far chance alone may take the difference of two runs of the same thing.

The prediction of each run holds 95 % of what random routing makes of it. Both runs had their luck,
so their difference spreads by the root of the sum of both variances.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from harness.analysis.summary import Figure
from harness.gate.bounds import ROUNDING
from harness.stats.interval import Z_95

ALPHA = 0.01
"""Chance that comparing two runs of the same thing calls any of their figures worse or better."""


MISSED = 0.01
"""By how much a figure may miss a prediction without room, relative if that is above 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Margins:
    """Reach of the difference: `warn` is passed in 5 % of comparisons of one figure with no
    change, `fail` in ALPHA of the comparisons of all figures together. Both 0: no chance at all.
    """

    warn: float = 0.0
    fail: float = 0.0


def chance_of(base: Figure, found: Figure, figures: int) -> Margins | None:
    """Return the reach of chance among so many `figures` (Bonferroni); None if it is not known."""
    spreads = [_spread(base), _spread(found)]
    if None in spreads:
        return None
    spread = math.hypot(*(one for one in spreads if one is not None))
    limit = NormalDist().inv_cdf(1 - ALPHA / (2 * max(figures, 1)))
    return Margins(warn=Z_95 * spread, fail=limit * spread)


def without_chance(base: Figure, found: Figure) -> bool:
    """Return whether both predictions are one number without room, and `base` is that number."""
    one, other = base.expected, found.expected
    if one is None or other is None:
        return False
    return one.low == one.high == other.low == other.high and _misses_by(base) <= ROUNDING


def _spread(figure: Figure) -> float | None:
    """Return the standard deviation behind a predicted interval.

    A prediction without room that is missed all the same knows nothing of chance: None.
    """
    expected = figure.expected
    if expected is None or (expected.low == expected.high and _misses_by(figure) > MISSED):
        return None
    return (expected.high - expected.low) / (2 * Z_95)


def _misses_by(figure: Figure) -> float:
    """Return how far a figure lies from the mean of its prediction, relative if that is above 1."""
    if figure.expected is None or figure.value is None:
        return 0.0
    mean = figure.expected.value
    return abs(figure.value - mean) / max(1.0, abs(mean))
