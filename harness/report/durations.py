"""Durations and ratios to text, with their intervals and as many digits as they bear."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import isinf

from harness.setup import UNKNOWN
from harness.stats.interval import Interval

WITHHELD = "withheld"
UNITS = {"s": 1.0, "ms": 1e-3, "µs": 1e-6}


def unit_for(seconds: Iterable[float]) -> str:
    """Return the largest unit in which the smallest of the durations is 1 or more, at least µs."""
    least = min((one for one in seconds if one > 0), default=1.0)
    return next((unit for unit, size in UNITS.items() if least >= size), "µs")


def duration(seconds: float, unit: str = "") -> str:
    """Return a duration as a bare figure in `unit`, or in a unit of its own with its name."""
    chosen = unit or unit_for([seconds])
    figure = three_digits(seconds / UNITS[chosen])
    return figure if unit else f"{figure} {chosen}"


def durations(estimate: Interval | None, unit: str) -> str:
    """Return a duration with its interval in `unit`: "9.12 (8.90-9.40)"."""
    return _with_interval(estimate, lambda seconds: duration(seconds, unit))


def ratio(estimate: Interval | None) -> str:
    """Return a ratio with its interval: "1.32 (1.28-1.36)"."""
    return _with_interval(estimate, _two_decimals)


def three_digits(figure: float) -> str:
    """Return a figure with three digits, or more where it has more before the point."""
    size = abs(figure)
    decimals = 0 if size >= 99.95 else 1 if size >= 9.995 else 2
    return f"{figure:,.{decimals}f}"


def _two_decimals(figure: float) -> str:
    return f"{figure:.3f}" if figure < 0.1 else three_digits(figure)


def _with_interval(estimate: Interval | None, told: Callable[[float], str]) -> str:
    if estimate is None:
        return WITHHELD
    if isinf(estimate.low):
        return f"{told(estimate.value)} ({UNKNOWN})"
    return f"{told(estimate.value)} ({told(estimate.low)}-{told(estimate.high)})"
