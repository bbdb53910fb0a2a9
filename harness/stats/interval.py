"""A figure with its 95 % interval, and the quantiles that normal intervals are made of."""

from dataclasses import dataclass
from math import inf

Z_95 = 1.959963984540054
ROUNDING = 1e-9
"""The same number computed in two ways differs by this much at most, relative if it is above 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A figure and its 95 % interval; infinite bounds where no interval is known.

    A figure that is withheld has no interval: None takes its place.
    """

    value: float
    low: float = -inf
    high: float = inf

    def holds(self, value: float) -> bool:
        """Return whether a value lies within the bounds, rounding aside.

        A share is a count over a count: 2,236 of 3,000 is the same, however it was computed.
        """
        room = ROUNDING * max(1.0, abs(value))
        return self.low - room <= value <= self.high + room


def t_95(degrees: int) -> float:
    """Return Student's t at 97.5 %, within 1 % from 3 degrees on (Abramowitz & Stegun 26.7.5)."""
    z, n = Z_95, degrees
    return (
        z
        + (z**3 + z) / (4 * n)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)
    )
