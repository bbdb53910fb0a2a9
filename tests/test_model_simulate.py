"""The ways to count misses under a routing agree wherever more than one of them is exact."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from harness.model.locmem import Limits
from harness.model.simulate import (
    distinct_misses,
    played_misses,
    simulation_for,
    timed_misses,
)
from harness.model.trace import CacheTrace, Refills
from tests.factories import STEADY

INF, NAN = float("inf"), float("nan")


def refills_of(keys: int, delay_s: float, ttl_s: float) -> Refills:
    """Return refills that are the same for every key and miss."""
    return Refills(
        delay_s=np.array([delay_s]),
        ttl_s=np.full(keys, ttl_s),
        first=np.arange(keys),
        count=np.ones(keys, np.int64),
    )


def cache_trace(
    key: npt.ArrayLike,
    at_s: npt.ArrayLike | None = None,
    *,
    keys: int = 10,
    delay_s: float = 0.0,
    ttl_s: float = INF,
    serial: bool = True,
    shared: bool = False,
    limits: Limits | None = None,
) -> CacheTrace:
    """Return a trace of one lookup per request, a second apart by default."""
    key = np.asarray(key, np.int64)
    return CacheTrace(
        request=np.arange(len(key)),
        key=key,
        at_s=np.arange(len(key), dtype=np.float64)
        if at_s is None
        else np.asarray(at_s, np.float64),
        keys=keys,
        shared=shared,
        serial=serial,
        limits=limits,
        refills=refills_of(keys, delay_s, ttl_s),
        delay_s=np.full(len(key), NAN),
        ttl_s=np.full(len(key), NAN),
    )


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


lookups = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2)), max_size=80)


@STEADY
@given(lookups)
def test_without_timeouts_all_ways_count_distinct_pairs(history: list[tuple[int, int]]) -> None:
    trace = cache_trace([key for key, _ in history])
    store = np.array([where for _, where in history], np.int64)
    expected = len(set(history))
    for way in (distinct_misses, timed_misses, played_misses):
        assert way(trace, store, rng()) == expected


@STEADY
@given(
    lookups,
    st.sampled_from([0.0, 0.5, 3.5]),
    st.sampled_from([4.25, 7.75, INF, NAN]),
    st.booleans(),
)
def test_jumping_from_miss_to_miss_agrees_with_playing_every_operation(
    history: list[tuple[int, int]], delay_s: float, ttl_s: float, serial: bool
) -> None:
    trace = cache_trace([k for k, _ in history], delay_s=delay_s, ttl_s=ttl_s, serial=serial)
    store = np.array([where for _, where in history], np.int64)
    assert timed_misses(trace, store, rng()) == played_misses(trace, store, rng())


def test_lookups_before_the_refill_lands_miss_too() -> None:
    trace = cache_trace([1, 1, 1, 1], delay_s=1.5, serial=False)
    assert timed_misses(trace, np.zeros(4, np.int64), rng()) == 2


def test_a_store_that_serves_one_request_at_a_time_has_no_refill_in_flight() -> None:
    trace = cache_trace([1, 1, 1, 1], delay_s=1.5, serial=True)
    assert timed_misses(trace, np.zeros(4, np.int64), rng()) == 1


def test_a_miss_without_refill_is_followed_by_another_miss() -> None:
    trace = cache_trace([1, 1, 1], ttl_s=NAN)
    assert timed_misses(trace, np.zeros(3, np.int64), rng()) == 3


def test_a_full_cache_misses_what_it_culled() -> None:
    trace = cache_trace([0, 1, 0], limits=Limits(1, 1))
    assert played_misses(trace, np.zeros(3, np.int64), rng()) == 3


def test_the_cheapest_exact_way_is_chosen() -> None:
    assert simulation_for(cache_trace([0, 1])) is distinct_misses
    assert simulation_for(cache_trace([0, 1], ttl_s=0.5)) is timed_misses
    assert simulation_for(cache_trace([0, 1], serial=False)) is timed_misses
    assert simulation_for(cache_trace([0, 1], limits=Limits(2))) is distinct_misses
    assert simulation_for(cache_trace([0, 1], limits=Limits(1))) is played_misses
    assert simulation_for(cache_trace([0, 1], ttl_s=0.5, limits=Limits(2))) is played_misses


def test_what_followed_a_miss_in_truth_is_not_drawn() -> None:
    known = replace(
        cache_trace([0, 0, 0], delay_s=0.25, ttl_s=60.0),
        delay_s=np.array([0.5, 0.0, NAN]),  # the last was a hit
        ttl_s=np.array([30.0, NAN, NAN]),
    )
    delay_s, ttl_s = known.lifetimes(rng())
    assert delay_s.tolist() == [0.5, 0.0, 0.25]
    np.testing.assert_array_equal(ttl_s, [30.0, NAN, 60.0])
    part = known.subset(np.array([True, False, False])).lifetimes(rng())
    assert [part[0].tolist(), part[1].tolist()] == [[0.5], [30.0]]
