"""Closed forms against brute force on tiny cases and against simulation on larger ones."""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.model.closed_forms import (
    distinct_pairs,
    distinct_pairs_of_popularity,
    effective_workers,
    hit_rate_with_timeout,
)
from harness.model.simulate import distinct_misses, timed_misses
from tests.factories import STEADY
from tests.test_model_simulate import cache_trace


def even(workers: int) -> list[float]:
    return [1 / workers] * workers


def hit_rate(counts: npt.NDArray[np.int64], workers: int) -> float:
    return 1 - distinct_pairs(counts, even(workers)) / float(counts.sum())


def zipf(keys: int) -> npt.NDArray[np.float64]:
    weight: npt.NDArray[np.float64] = 1 / np.arange(1, keys + 1)
    weight /= weight.sum()
    return weight


@STEADY
@given(
    st.lists(st.integers(0, 1), min_size=1, max_size=5),
    st.sampled_from([(1.0,), (0.5, 0.5), (0.7, 0.2, 0.1)]),
)
def test_distinct_pairs_is_the_mean_over_every_possible_routing(
    trace: list[int], shares: tuple[float, ...]
) -> None:
    workers = range(len(shares))
    routings = product(workers, repeat=len(trace))
    expected = sum(
        np.prod([shares[worker] for worker in routing]) * len(set(zip(routing, trace, strict=True)))
        for routing in routings
    )
    assert distinct_pairs(np.bincount(trace), shares) == pytest.approx(expected)


def test_popularity_form_is_the_mean_over_every_trace_and_routing() -> None:
    q, workers, requests = [0.75, 0.25], 2, 3
    misses = sum(
        np.prod([q[key] for key in keys])
        / workers**requests
        * len(set(zip(where, keys, strict=True)))
        for keys in product(range(2), repeat=requests)
        for where in product(range(workers), repeat=requests)
    )
    assert distinct_pairs_of_popularity(q, workers, requests) == pytest.approx(misses)


@settings(STEADY, max_examples=15)
@given(st.integers(1, 8), st.integers(10, 300), st.integers(0, 99))
def test_counts_form_agrees_with_simulated_routing(workers: int, keys: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    trace = cache_trace(rng.choice(keys, 3000, p=zipf(keys)), keys=keys)
    routings = [rng.integers(workers, size=3000) for _ in range(60)]
    simulated = np.mean([1 - distinct_misses(trace, to, rng) / 3000 for to in routings])
    counts = np.bincount(trace.key)
    assert hit_rate(counts, workers) == pytest.approx(simulated, abs=0.005)


@pytest.mark.slow
@settings(STEADY, max_examples=10)
@given(st.integers(1, 6), st.sampled_from([0.5, 2.0, 8.0]), st.integers(0, 99))
def test_timeout_form_agrees_with_simulated_poisson_arrivals(
    workers: int, timeout_s: float, seed: int
) -> None:
    rng, requests = np.random.default_rng(seed), 200_000
    at_s = np.cumsum(rng.exponential(1 / 100, requests))
    trace = cache_trace(rng.choice(30, requests, p=zipf(30)), at_s, keys=30, ttl_s=timeout_s)
    simulated = 1 - timed_misses(trace, rng.integers(workers, size=requests), rng) / requests
    formula = hit_rate_with_timeout(zipf(30), workers, 100.0, timeout_s)
    assert formula == pytest.approx(simulated, abs=0.005)


@pytest.mark.parametrize(("workers", "expected"), [(1, 0.905), (2, 0.841), (4, 0.759), (8, 0.667)])
def test_three_thousand_zipf_requests_over_300_keys_fall_as_measured_before(
    workers: int, expected: float
) -> None:
    counts = np.bincount(np.random.default_rng(1).choice(300, 3000, p=zipf(300)))
    assert hit_rate(counts, workers) == pytest.approx(expected, abs=0.006)


def test_effective_workers_counts_even_workers_fully_and_idle_ones_not_at_all() -> None:
    assert effective_workers(even(4)) == pytest.approx(4)
    assert effective_workers([1.0, 0.0]) == 1
    assert effective_workers([0.36, 0.27, 0.25, 0.12]) == pytest.approx(3.58, abs=0.01)
