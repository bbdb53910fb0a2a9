"""Quantiles and means by hand, and that their intervals hold what they promise."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats.interval import Interval
from harness.stats.quantiles import mean, quantile, ranks
from tests.factories import STEADY, known

QUANTILES = (0.5, 0.9, 0.95, 0.99, 0.999)


def brute_ranks(n: int, p: float) -> tuple[int, int]:
    chance = [comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]
    below = np.concatenate([[0.0], np.cumsum(chance)])  # [x]: P(B < x)
    low = max(x for x in range(n + 1) if below[x] <= 0.025)
    high = min((x for x in range(n + 1) if below[x] >= 0.975), default=n + 1)
    return low, high


def test_the_ranks_of_a_median_of_a_hundred_are_those_of_the_tables() -> None:
    # Hahn and Meeker, table A.15: 40 and 61 enclose the median of 100 with at least 95 %.
    assert ranks(100, 0.5) == (40, 61)


@pytest.mark.parametrize("p", QUANTILES)
@pytest.mark.parametrize("n", [1, 5, 20, 137, 1000])
def test_the_ranks_are_those_of_the_whole_binomial(n: int, p: float) -> None:
    assert ranks(n, p) == brute_ranks(n, p)


def test_a_quantile_is_the_smallest_value_with_enough_at_or_below_it() -> None:
    values = np.arange(1, 101, dtype=np.float64)
    assert quantile(values, 0.5) == Interval(value=50.0, low=40.0, high=61.0)
    assert known(quantile(values, 0.9)).value == 90.0


@pytest.mark.parametrize(("n", "p"), [(19, 0.5), (99, 0.9), (999, 0.99), (9999, 0.999), (0, 0.5)])
def test_a_quantile_with_fewer_than_ten_values_beyond_it_is_withheld(n: int, p: float) -> None:
    assert quantile(np.arange(n, dtype=np.float64), p) is None
    assert quantile(np.arange(n + 1.0), p) is not None or n == 0


@given(n=st.integers(20, 5000), p=st.sampled_from(QUANTILES))
@STEADY
def test_a_quantile_lies_within_its_interval(n: int, p: float) -> None:
    found = quantile(np.random.default_rng(n).exponential(size=n).cumsum(), p)
    if found is not None:
        assert found.low <= found.value <= found.high


@pytest.mark.parametrize("p", [0.5, 0.9, 0.99])
def test_the_interval_holds_the_true_quantile_in_95_of_100_samples(p: float) -> None:
    draws = np.sort(np.random.default_rng(5).random((400, 1500)), axis=1)
    found = [quantile(draw, p) for draw in draws]
    held = [one.low <= p <= one.high for one in found if one]
    assert len(held) == 400
    assert np.mean(held) >= 0.93


def test_a_mean_of_many_has_its_normal_interval() -> None:
    values = np.tile([1.0, 3.0], 50)  # mean 2, standard deviation sqrt(100 / 99)
    found = known(mean(values))
    assert found.value == 2.0
    assert found.high == pytest.approx(2 + 1.959964 * (100 / 99) ** 0.5 / 10)


def test_a_mean_of_few_has_no_interval_and_that_of_none_no_value() -> None:
    assert mean(np.array([1.0, 2.0])) == Interval(value=1.5)
    assert mean(np.zeros(0)) is None
