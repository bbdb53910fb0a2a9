"""What each part of the bench brings: figures with bars, and ratios measured side by side."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number, the bar it is checked against (or none) and its 95 % interval."""

    what: str
    value: float
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def met(self) -> bool | None:
        """None without a bar."""
        if self.at_most is None and self.at_least is None:
            return None
        above = self.at_least is None or self.value >= self.at_least
        return above and (self.at_most is None or self.value <= self.at_most)


def side_by_side(one: Callable[[], float], other: Callable[[], float], rounds: int) -> list[float]:
    """Return for each round what `one` took, divided by what `other` took.

    A round is one, other, other, one: whatever drifts evenly through a round cancels out.
    """
    ratios = []
    for _ in range(rounds):
        first, second = one(), other()
        second += other()
        first += one()
        ratios.append(first / second)
    return ratios


def median(
    what: str,
    values: Sequence[float],
    *,
    unit: str = "x",
    at_most: float | None = None,
    at_least: float | None = None,
) -> Figure:
    """Return the median of one value or more, with its distribution-free 95 % interval.

    The interval lies between the order statistics n/2 -+ 0.98 sqrt(n) (normal approximation of
    the binomial; Conover, Practical Nonparametric Statistics, 3.2); of fewer than six values it
    is their whole range and holds less.
    """
    ordered = sorted(values)
    below = max(0, math.floor(len(ordered) / 2 - 0.98 * math.sqrt(len(ordered))))
    return Figure(
        what=what,
        value=statistics.median(ordered),
        unit=unit,
        at_most=at_most,
        at_least=at_least,
        low=ordered[below],
        high=ordered[-1 - below],
    )
