"""A figure with its 95 % interval, and the quantiles that normal intervals are made of."""

from dataclasses import dataclass
from math import inf

Z_95 = 1.959963984540054


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A figure and its 95 % interval; infinite bounds where no interval is known.

    A figure that is withheld has no interval: None takes its place.
    """

    value: float
    low: float = -inf
    high: float = inf


def t_95(degrees: int) -> float:
    """Return Student's t at 97.5 %, within 1 % from 3 degrees on (Abramowitz & Stegun 26.7.5)."""
    z, n = Z_95, degrees
    return (
        z
        + (z**3 + z) / (4 * n)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)
    )
