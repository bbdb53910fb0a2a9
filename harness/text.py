"""Numbers to text, the same way on every screen and in every file. An unknown number is a dash."""

from collections.abc import Callable, Iterable, Mapping
from math import isinf

from harness.stats.interval import Interval

UNKNOWN = "-"
WITHHELD = "withheld"
UNITS = {"s": 1.0, "ms": 1e-3, "µs": 1e-6}
BYTES = ("B", "kB", "MB", "GB")


def count(number: float | None) -> str:
    """Return a whole number with thousands set apart: "3,000"."""
    return UNKNOWN if number is None else f"{round(number):,}"


def number_of(amount: int, noun: str) -> str:
    """Return an amount with its noun in the right number: "1 worker", "3,000 requests"."""
    several = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{amount:,} {noun if amount == 1 else several}"


def points(fraction: float | None) -> str:
    """Return a fraction as a percent figure with one decimal and no sign: 0.76 is "76.0".

    "0.0" and "100.0" are kept for exactly none and exactly all.
    """
    return UNKNOWN if fraction is None else f"{rounded_points(fraction):.1f}"


def rounded_points(fraction: float) -> float:
    """Return the percent figure that `points` shows, for differences that must agree with it."""
    figure = round(fraction * 100, 1)
    return min(max(figure, 0.1), 99.9) if 0 < fraction < 1 else figure


def percent(fraction: float | None) -> str:
    """Return a fraction as percent: 0.76 is "76.0 %"."""
    return UNKNOWN if fraction is None else f"{points(fraction)} %"


def points_with_interval(interval: Interval | None) -> str:
    """Return a predicted share with its interval: "75.7 (74.5-76.9)"."""
    if interval is None:
        return UNKNOWN
    return f"{points(interval.value)} ({points(interval.low)}-{points(interval.high)})"


def count_with_interval(interval: Interval | None) -> str:
    """Return a predicted count with its interval: "363 (349-376)"."""
    if interval is None:
        return UNKNOWN
    low, high = (count(bound + 0.0) for bound in (round(interval.low), round(interval.high)))
    between = " to " if interval.low < 0 else "-"
    return f"{count(round(interval.value) + 0.0)} ({low}{between}{high})"


def three_digits(figure: float) -> str:
    """Return a figure with three digits, or more where it has more before the point."""
    size = abs(figure)
    decimals = 0 if size >= 99.95 else 1 if size >= 9.995 else 2
    return f"{figure:,.{decimals}f}"


def unit_for(seconds: Iterable[float]) -> str:
    """Return the largest unit in which the smallest of the durations is 1 or more, at least µs."""
    least = min((one for one in seconds if one > 0), default=1.0)
    return next((unit for unit, size in UNITS.items() if least >= size), "µs")


def duration(seconds: float, unit: str = "") -> str:
    """Return a duration as a bare figure in `unit`, or in a unit of its own with its name."""
    chosen = unit or unit_for([seconds])
    figure = three_digits(seconds / UNITS[chosen])
    return figure if unit else f"{figure} {chosen}"


def durations(interval: Interval | None, unit: str) -> str:
    """Return a duration with its interval in `unit`: "9.12 (8.90-9.40)"."""
    return _with_interval(interval, lambda seconds: duration(seconds, unit))


def ratio(interval: Interval | None) -> str:
    """Return a ratio with its interval: "1.32 (1.28-1.36)"."""
    return _with_interval(interval, _ratio_figure)


def quantity(unit: str, value: float | None) -> str:
    """Return a value in a unit of `harness.metrics`."""
    return UNKNOWN if value is None else _BY_UNIT[unit](value)


def size(number: float) -> str:
    """Return a number of bytes in the decimal unit that suits it: "3.1 MB"."""
    unit = min((len(str(round(number))) - 1) // 3, len(BYTES) - 1)
    return f"{number / 1000**unit:.3g} {BYTES[unit]}"


def _with_interval(interval: Interval | None, figure: Callable[[float], str]) -> str:
    if interval is None:
        return WITHHELD
    if isinf(interval.low):
        return f"{figure(interval.value)} ({UNKNOWN})"
    return f"{figure(interval.value)} ({figure(interval.low)}-{figure(interval.high)})"


def _ratio_figure(figure: float) -> str:
    return f"{figure:.3f}" if figure < 0.1 else three_digits(figure)


_BY_UNIT: Mapping[str, Callable[[float], str]] = {
    "share": percent,
    "count": lambda number: count(number) if number == round(number) else three_digits(number),
    "factor": three_digits,
    "s": duration,
    "per_second": lambda number: f"{count(number)}/s",
    "bytes": size,
}
