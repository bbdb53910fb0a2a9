"""An interval holds what lies within it, rounding aside."""

from __future__ import annotations

import pytest

from harness.stats.interval import Interval


@pytest.mark.parametrize(
    ("value", "held"),
    [
        (0.5, True),
        (2236 / 3000, True),  # 0.7453333333333333, a rounding below the bound
        (2235 / 3000, False),
        (0.77 + 1e-12, True),
        (0.7701, False),
    ],
)
def test_a_value_on_a_bound_is_held_however_it_was_computed(value: float, held: bool) -> None:
    low = 0.4 if value == 0.5 else 0.7453333333333334
    assert Interval(value=0.76, low=low, high=0.77).holds(value) is held


def test_what_has_no_bounds_holds_everything() -> None:
    assert Interval(value=0.0).holds(-1e300)
    assert Interval(value=1e12, low=1e12, high=1e12).holds(1e12 + 1)
