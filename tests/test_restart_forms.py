"""Closed forms of what a restart adds, against brute force and against the simulated difference."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model.routing import Routing, Slot
from harness.model.simulate import drawn_losses, timed_misses
from tests.factories import STEADY, zipf_keys
from tests.restart_forms import (
    added_in_steady_state,
    added_of_counts,
    added_of_poisson,
    added_of_popularity,
    misses_of_poisson,
)
from tests.test_model_simulate import INF, cache_trace

keys = st.lists(st.integers(0, 2), max_size=4)


def slots(workers: int, ended: int, at_s: float) -> Routing:
    """Return even slots of which the first `ended` have a new life from `at_s` on."""
    return Routing(
        [
            Slot(
                share=1.0,
                lives=np.array([slot, workers + slot] if slot < ended else [slot]),
                since_s=np.array([0.0, at_s] if slot < ended else [0.0]),
                until_s=np.array([at_s, np.inf] if slot < ended else [np.inf]),
            )
            for slot in range(workers)
        ]
    )


def losses(key: np.ndarray, step: int, workers: int, ended: int, **trace: float) -> np.ndarray:
    at_s = np.arange(len(key), dtype=np.float64)
    cache = cache_trace(key, at_s, keys=int(key.max()) + 1, **trace)  # type: ignore[arg-type]
    routing = slots(workers, ended, step - 0.5)
    return drawn_losses([cache], at_s, routing, np.random.default_rng(1))


@STEADY
@given(keys, keys, st.integers(1, 3))
def test_counts_agree_with_every_possible_routing(
    before: list[int], after: list[int], workers: int
) -> None:
    """Worker 0 ends between `before` and `after`: count its keys on both sides, over all routes."""
    trace = before + after
    total = 0
    for route in product(range(workers), repeat=len(trace)):
        mine = [{key for key, who in part if who == 0} for part in split(trace, route, len(before))]
        total += len(mine[0] & mine[1])
    counts = [np.bincount(np.array(part, np.int64), minlength=3) for part in (before, after)]
    expected = added_of_counts(counts[0], counts[1], [1 / workers])
    assert expected == pytest.approx(total / workers ** len(trace))


def split(
    trace: list[int], route: tuple[int, ...], at: int
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    served = list(zip(trace, route, strict=True))
    return served[:at], served[at:]


@pytest.mark.slow
@pytest.mark.parametrize("ended", [1, 4])
@pytest.mark.parametrize("step", [300, 1500, 2900])
def test_counts_agree_with_the_simulated_difference(ended: int, step: int) -> None:
    key = zipf_keys(3000, 300)
    counts = [np.bincount(part, minlength=300) for part in (key[:step], key[step:])]
    found = losses(key, step, 4, ended)
    expected = added_of_counts(counts[0], counts[1], [0.25] * ended)
    assert found.mean() == pytest.approx(expected, abs=4 * found.std() / len(found) ** 0.5)
    assert abs(found.mean() - expected) / 3000 < 0.005


def test_popularity_is_the_mean_over_traces_of_counts() -> None:
    weight = 1 / np.arange(1, 51)
    q = weight / weight.sum()
    found = []
    for seed in range(200):
        parts = np.split(zipf_keys(600, 50, seed), [200])
        before, after = (np.bincount(part, minlength=50) for part in parts)
        found.append(added_of_counts(before, after, [0.25, 0.25]))
    assert np.mean(found) == pytest.approx(added_of_popularity(q, 4, 200, 400, ended=2), rel=0.02)


def test_with_much_before_it_only_what_comes_after_counts() -> None:
    q = np.array([0.6, 0.4])
    assert added_of_popularity(q, 2, 10**6, 7) == pytest.approx(float((1 - (1 - q / 2) ** 7).sum()))


def test_without_timeout_poisson_misses_are_the_chance_to_be_seen() -> None:
    assert misses_of_poisson([0.5, 2.0], 3.0, INF) == pytest.approx(1 - np.exp([-1.5, -6.0]))


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.05, 0.4, 3.0])
@pytest.mark.parametrize("seconds", [0.7, 5.0, 23.0])
def test_poisson_misses_agree_with_the_simulation(rate: float, seconds: float) -> None:
    rng = np.random.default_rng(3)
    found = []
    for _ in range(1500):
        at_s = np.sort(rng.random(rng.poisson(rate * seconds))) * seconds
        trace = cache_trace(np.zeros(len(at_s)), at_s, ttl_s=2.0)
        found.append(timed_misses(trace, np.zeros(len(at_s), np.int64), rng) if len(at_s) else 0)
    (expected,) = misses_of_poisson([rate], seconds, 2.0).tolist()
    spread = 4 * float(np.std(found)) / 1500**0.5
    assert np.mean(found) == pytest.approx(expected, abs=max(spread, 1e-9))


@pytest.mark.slow
@STEADY
@given(st.lists(st.floats(0.01, 5), min_size=1, max_size=5), st.floats(0.5, 3))
def test_in_the_long_run_the_finite_form_becomes_half_the_squared_hit_rates(
    rates: list[float], timeout_s: float
) -> None:
    lookups = np.array(rates) * timeout_s
    long_s = 60 * (timeout_s + 1 / min(rates))
    steady = added_in_steady_state(lookups / (1 + lookups))
    if long_s / timeout_s < 400:
        found = added_of_poisson(rates, long_s, long_s, timeout_s)
        assert found == pytest.approx(steady, abs=0.02 * len(rates))


@pytest.mark.slow
def test_the_simulated_difference_under_a_timeout_agrees_with_the_finite_form() -> None:
    """Requests one second apart are nearly Poisson for each of many keys."""
    key = np.random.default_rng(5).integers(40, size=3000)
    found = losses(key, 1500, 4, 4, ttl_s=500.0)
    expected = 4 * added_of_poisson(np.full(40, 1 / 160), 1500, 1500, 500.0)
    assert found.mean() == pytest.approx(expected, rel=0.1)
    assert abs(found.mean() - expected) / 3000 < 0.005
