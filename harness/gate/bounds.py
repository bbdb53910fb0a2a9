"""The bound of one expectation: whether a figure keeps it, and how it reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.analysis.summary import Figure
from harness.scenario.schema import Expect

ROUNDING = 1e-9
"""The same number computed in two ways differs by this much at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """`holds` is asked only of figures with a value, and where predicted, with a prediction."""

    words: str
    holds: Callable[[Figure], bool]


def bound_of(expect: Expect) -> Bound | None:
    """Return the one bound of an expectation; None where it has none, or several."""
    given = [
        bound
        for wanted, bound in (
            (expect.at_least is not None, _within(expect.at_least, None)),
            (expect.at_most is not None, _within(None, expect.at_most)),
            (expect.between is not None, _within(*(expect.between or (None, None)))),
            (expect.as_predicted, Bound(words="as predicted", holds=_as_predicted)),
        )
        if wanted
    ]
    return given[0] if len(given) == 1 else None


def _within(low: float | None, high: float | None) -> Bound:
    return Bound(
        words=_words(low, high),
        holds=lambda found: _inside(found.value or 0.0, low, high),
    )


def _words(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    return (
        f"at least {low:g}" if low is not None else f"at most {high:g}" if high is not None else ""
    )


def _as_predicted(found: Figure) -> bool:
    expected = found.expected
    if expected is None or found.value is None:
        return False
    # A prediction without spread is exact; rounding aside it leaves no room.
    room = ROUNDING * max(1.0, abs(expected.value))
    return _inside(found.value, expected.low - room, expected.high + room)


def _inside(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)
