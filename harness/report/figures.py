"""Numbers to text, the same way in every block of the report. `None` reads as a dash."""

from __future__ import annotations

from harness.setup import UNKNOWN


def points(fraction: float | None) -> str:
    """Return a fraction as a percent figure with one decimal and no sign: 0.76 is "76.0".

    "0.0" and "100.0" are kept for exactly none and exactly all.
    """
    return UNKNOWN if fraction is None else f"{rounded_points(fraction):.1f}"


def rounded_points(fraction: float) -> float:
    """Return the percent figure that `points` shows, for differences that must agree with it."""
    figure = round(fraction * 100, 1)
    if 0 < fraction < 1:
        return min(max(figure, 0.1), 99.9)
    return figure


def percent(fraction: float | None) -> str:
    """Return a fraction as percent: 0.76 is "76.0 %"."""
    return UNKNOWN if fraction is None else f"{points(fraction)} %"


def count(number: float | None) -> str:
    """Return a whole number with thousands set apart: "3,000"."""
    return UNKNOWN if number is None else f"{round(number):,}"
