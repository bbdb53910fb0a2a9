"""What MAX_ENTRIES costs: the approximation against caches that are played lookup by lookup."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest

from harness.forecast.culling import (
    Keys,
    culls,
    distinct,
    misses_from_empty,
    sampling_error,
    sawtooth,
    steady_entries,
    steady_hit_rate,
    zipf_keys,
)
from harness.forecast.hit_rate import MAX_ERROR, MAX_SAMPLING_ERROR, ROUGH_ERROR
from harness.model.locmem import Limits, LocMem

PLAYED = 120_000
SIZES = [
    (100, 0.5, 20),
    (22, 1.0, 20),
    (60, 2.0, 50),
    (300, 1.0, 200),
    (300, 1.0, 299),
    (1000, 1.5, 50),
    (1000, 0.8, 600),
    (100_000, 1.0, 300),
]


def played(
    keys: Keys,
    max_entries: int,
    requests: int,
    *,
    lifetime: float = inf,
    warm_up: int = 0,
    seed: int = 1,
) -> tuple[float, float]:
    """Return hit rate and mean entries of one cache, with Poisson arrivals of one per second."""
    cache, hits, entries = LocMem(Limits(max_entries)), 0, 0
    rng = np.random.default_rng(seed)
    drawn = keys.draw(warm_up + requests, rng).tolist()
    clock = rng.exponential(1.0, warm_up + requests).cumsum().tolist()
    for number, (key, now) in enumerate(zip(drawn, clock, strict=True)):
        hit = cache.get(key, now)
        if not hit:
            cache.set(key, now, lifetime)
        hits += hit and number >= warm_up
        entries += len(cache) if number >= warm_up else 0
    return hits / requests, entries / requests


def means(keys: Keys, max_entries: int, requests: int, caches: int) -> float:
    """Return the hit rate of the first requests, over N caches."""
    rates = [played(keys, max_entries, requests, seed=seed)[0] for seed in range(caches)]
    return float(np.mean(rates))


@pytest.mark.parametrize(("keys", "exponent", "max_entries"), SIZES)
def test_long_run_is_within_what_is_claimed_of_the_played_cache(
    keys: int, exponent: float, max_entries: int
) -> None:
    popular = zipf_keys(keys, exponent)
    edges = sawtooth(popular, Limits(max_entries))
    rate, entries = played(popular, max_entries, 100_000, warm_up=20_000)
    assert steady_hit_rate(popular, edges) == pytest.approx(rate, abs=MAX_ERROR)
    assert steady_entries(popular, edges) == pytest.approx(entries, rel=0.03)


@pytest.mark.slow
@pytest.mark.parametrize(("keys", "exponent", "max_entries"), [s for s in SIZES if s[1] >= 0.5])
@pytest.mark.parametrize("lifetime", [30.0, 300.0])
def test_long_run_with_a_timeout_is_within_what_is_claimed(
    keys: int, exponent: float, max_entries: int, lifetime: float
) -> None:
    popular = zipf_keys(keys, exponent)
    edges = sawtooth(popular, Limits(max_entries))
    rate, _ = played(popular, max_entries, 80_000, lifetime=lifetime, warm_up=20_000)
    assert steady_hit_rate(popular, edges, lifetime) == pytest.approx(rate, abs=MAX_ERROR)


@pytest.mark.parametrize("lifetime", [100.0, 1000.0, 3000.0, 10_000.0])
def test_keys_that_are_alike_and_expire_in_step_with_the_culls_are_within_the_rough_bound(
    lifetime: float,
) -> None:
    popular = zipf_keys(300, 0.0)
    edges = sawtooth(popular, Limits(290))
    rate, _ = played(popular, 290, 120_000, lifetime=lifetime, warm_up=20_000)
    assert steady_hit_rate(popular, edges, lifetime) == pytest.approx(rate, abs=ROUGH_ERROR)


@pytest.mark.slow
@pytest.mark.parametrize(("keys", "exponent", "max_entries"), SIZES)
@pytest.mark.parametrize("stretch", [1.0, 1.5, 3.0])
def test_first_requests_are_within_what_chance_allows(
    keys: int, exponent: float, max_entries: int, stretch: float
) -> None:
    popular = zipf_keys(keys, exponent)
    edges = sawtooth(popular, Limits(max_entries))
    requests = round(edges.high * stretch)
    caches = max(PLAYED // requests, 4)
    formula = 1 - misses_from_empty(popular, edges, requests) / requests
    allowed = (
        max(MAX_ERROR - MAX_SAMPLING_ERROR, 0)
        + sampling_error(popular, edges, requests)
        + 0.8 / PLAYED**0.5
    )
    assert formula == pytest.approx(means(popular, max_entries, requests, caches), abs=allowed)


def test_a_window_of_low_and_high_holds_what_is_kept_and_what_is_full() -> None:
    popular = zipf_keys(1000, 1.0)
    edges = sawtooth(popular, Limits(300))
    assert (edges.kept, edges.full) == (200.5, 300.5)
    assert distinct(popular, edges.low) == pytest.approx(200.5)
    assert distinct(popular, edges.high) == pytest.approx(300.5)


@pytest.mark.parametrize(
    ("keys", "max_entries", "expected"),
    [(300, 300, False), (301, 300, True), (3, 1, False), (4, 1, True), (1, 1, False)],
)
def test_a_cache_culls_once_it_is_offered_more_keys_than_it_takes(
    keys: int, max_entries: int, expected: bool
) -> None:
    cache = LocMem(Limits(max_entries))
    offered = [key for _ in range(3) for key in range(keys)]
    culled = [cache.set(key, 0.0, inf) for key in offered if not cache.get(key, 0.0)]
    assert any(culled) is expected
    assert culls(zipf_keys(keys, 1.0), Limits(max_entries)) is expected


def test_a_timeout_beyond_all_windows_changes_nothing_and_a_short_one_is_all_that_counts() -> None:
    popular = zipf_keys(1000, 1.0)
    edges = sawtooth(popular, Limits(300))
    forever = steady_hit_rate(popular, edges)
    assert steady_hit_rate(popular, edges, 1e12) == pytest.approx(forever, abs=1e-3)
    hits = popular.chance * 10
    alone = float((popular.count * popular.chance * hits / (1 + hits)).sum())
    assert steady_hit_rate(popular, edges, 10.0) == pytest.approx(alone)


def test_the_hit_rate_rises_with_the_entries_and_with_the_timeout() -> None:
    popular = zipf_keys(5000, 0.9)
    by_entries = [
        steady_hit_rate(popular, sawtooth(popular, Limits(n))) for n in (30, 100, 300, 1000, 4000)
    ]
    edges = sawtooth(popular, Limits(1000))
    by_timeout = [steady_hit_rate(popular, edges, 10.0**power) for power in range(9)]
    assert by_entries == sorted(by_entries)
    assert by_timeout == sorted(by_timeout)
