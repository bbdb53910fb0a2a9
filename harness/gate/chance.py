"""How far chance alone may take the difference of two runs of the same thing.

The prediction of each run holds 95 % of what random routing makes of it. Both runs had their luck,
so their difference spreads by the root of the sum of both variances.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from harness.analysis.summary import Figure
from harness.model.prediction import Z_95

ALPHA = 0.01
"""Chance that comparing two runs of the same thing calls any of their figures worse or better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """Reach of the difference: `suspect` is passed in 5 % of comparisons of one figure with no
    change, `certain` in ALPHA of the comparisons of all figures together. Both 0: no chance at all.
    """

    suspect: float = 0.0
    certain: float = 0.0


def chance_of(base: Figure, found: Figure, figures: int) -> Chance | None:
    """Return the reach of chance among so many `figures` (Bonferroni); None if it is not known."""
    spreads = [_spread(base), _spread(found)]
    if None in spreads:
        return None
    spread = math.hypot(*(one for one in spreads if one is not None))
    limit = NormalDist().inv_cdf(1 - ALPHA / (2 * max(figures, 1)))
    return Chance(suspect=Z_95 * spread, certain=limit * spread)


def without_chance(base: Figure, found: Figure) -> bool:
    """Return whether both predictions are one and the same number, and leave no room."""
    one, other = base.expected, found.expected
    if one is None or other is None:
        return False
    return one.low == one.high == other.low == other.high


def _spread(figure: Figure) -> float | None:
    """Return the standard deviation behind a predicted interval."""
    expected = figure.expected
    return None if expected is None else (expected.high - expected.low) / (2 * Z_95)
