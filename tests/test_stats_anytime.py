"""The interval that may be looked at after every value: its numbers, and how often it is wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.stats.anytime import count_needed, deviation, mean_and_reach

ALPHA = 0.01


def test_the_interval_ends_where_the_bayes_factor_of_the_t_test_is_one_over_alpha() -> None:
    values = np.tile([-1.0, 2.0], 10)  # which do not resemble the one before
    mean, reach = mean_and_reach(values, ALPHA)
    n, spread = len(values), float(values.std(ddof=1))
    t_squared = (reach * math.sqrt(n) / spread) ** 2
    small, grown = t_squared / (n - 1), t_squared / (n - 1) / (1 + n)
    bayes_factor = (1 + n) ** -0.5 * ((1 + small) / (1 + grown)) ** (n / 2)
    assert mean == pytest.approx(values.mean())
    assert bayes_factor == pytest.approx(1 / ALPHA)


def test_too_few_values_exclude_nothing() -> None:
    values = np.array([1.0, 1.1, 0.9, 1.0])
    assert mean_and_reach(values[:1], ALPHA)[1] == math.inf
    assert mean_and_reach(values, ALPHA)[1] == math.inf


def test_equal_values_leave_no_doubt() -> None:
    assert mean_and_reach(np.full(10, 0.25), ALPHA) == (0.25, 0.0)


@pytest.mark.parametrize("n", [10, 50, 400])
def test_it_is_wider_than_the_usual_interval_but_not_by_much(n: int) -> None:
    values = np.tile([-1.0, 1.0], n // 2)
    usual = 2.576 * float(values.std(ddof=1)) / math.sqrt(n)
    assert usual < mean_and_reach(values, ALPHA)[1] < 2.1 * usual


def test_values_that_resemble_the_one_before_make_it_wider() -> None:
    unlike, alike = np.tile([-1.0, 1.0], 20), np.repeat(np.tile([-1.0, 1.0], 5), 4)
    assert deviation(unlike) == pytest.approx(float(unlike.std(ddof=1)))
    # Of 39 neighbours 30 are alike and 9 are not: (30 - 9) / 40, and 2 / 40.
    likeness = 21 / 40 + 2 / 40
    wider = math.sqrt((1 + likeness) / (1 - likeness))
    assert deviation(alike) == pytest.approx(wider * float(alike.std(ddof=1)))


@pytest.mark.slow
@pytest.mark.parametrize("tails", ["normal", "t3", "alike"])
def test_looked_at_after_each_of_200_values_it_hardly_ever_loses_the_truth(tails: str) -> None:
    rng = np.random.default_rng(7)
    lost = 0
    for _ in range(300):
        values = rng.standard_t(3, 201) if tails == "t3" else rng.normal(size=201)
        values = values[1:] + (0.25 * values[:-1] if tails == "alike" else 0)
        lost += any(
            abs(mean) > reach
            for mean, reach in (mean_and_reach(values[:n], ALPHA) for n in range(2, 201))
        )
    assert lost <= 6  # 3 are to be expected at most


def test_the_count_needed_is_the_first_that_suffices() -> None:
    needed = count_needed(0.1, 0.02, ALPHA)
    assert needed is not None

    def reach(n: int) -> float:
        values = np.tile([-1.0, 1.0], n)[:n]
        return 0.1 * mean_and_reach(values / deviation(values), ALPHA)[1]

    assert reach(needed) <= 0.02 < reach(needed - 1)


def test_what_no_number_of_values_can_tell_is_said_not_to_be_known() -> None:
    assert count_needed(1.0, 0.0, ALPHA) is None
    assert count_needed(1.0, 1e-9, ALPHA) is None
