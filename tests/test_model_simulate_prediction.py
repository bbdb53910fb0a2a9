"""The prediction is the mean over random routing, and its interval holds what chance can do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from harness.model.closed_forms import distinct_pairs
from harness.model.locmem import Limits, Operation
from harness.model.routing import Routing, Slot
from harness.model.simulate import (
    MAX_DRAWS,
    MIN_DRAWS,
    SimulationPlan,
    distinct_misses,
    interval_of_draws,
    played_misses,
    predict,
    timed_misses,
)
from harness.model.trace import Writes, refills
from tests.test_model_simulate import INF, NAN, cache_trace

pytestmark = pytest.mark.all_draws


def routing(shares: Sequence[float]) -> Routing:
    return Routing([slot(share, [life], [0.0]) for life, share in enumerate(shares)])


def slot(share: float, lives: list[int], since_s: list[float]) -> Slot:
    """Return a slot in which each life lasts until the next, and the last one does not end."""
    return Slot(
        share=share,
        lives=np.array(lives, np.int64),
        since_s=np.array(since_s),
        until_s=np.array([*since_s[1:], np.inf]),
    )


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def zipf_trace(requests: int, keys: int, seed: int = 1) -> npt.NDArray[np.int64]:
    weight = 1 / np.arange(1, keys + 1)
    return rng(seed).choice(keys, requests, p=weight / weight.sum())


def test_its_mean_is_the_closed_form_where_nothing_expires() -> None:
    key, shares = zipf_trace(3000, 300), [0.4, 0.3, 0.2, 0.1]
    found = predict([cache_trace(key, keys=300)], np.arange(3000.0), routing(shares), rng())
    expected = 1 - distinct_pairs(np.bincount(key), shares) / len(key)
    assert found.value == pytest.approx(expected, abs=0.001)


def test_its_interval_holds_95_of_100_random_routings() -> None:
    key, shares = zipf_trace(1000, 100), np.full(4, 0.25)
    trace = cache_trace(key, keys=100)
    found = predict([trace], np.arange(1000.0), routing(shares.tolist()), rng())
    generator = rng(2)
    rates = np.array(
        [
            1 - distinct_misses(trace, generator.integers(4, size=1000), generator) / 1000
            for _ in range(2000)
        ]
    )
    inside = np.mean((rates >= found.low) & (rates <= found.high))
    assert 0.94 <= inside <= 0.98


def test_one_worker_leaves_nothing_to_chance() -> None:
    found = predict([cache_trace([0, 1, 0, 0])], np.arange(4.0), routing([1.0]), rng())
    assert (found.value, found.low, found.high) == (0.5, 0.5, 0.5)


def test_a_shared_store_does_not_care_who_serves() -> None:
    trace = cache_trace([0, 1, 0, 0], shared=True)
    found = predict([trace], np.arange(4.0), routing([0.5, 0.5]), rng())
    assert (found.low, found.high) == (0.5, 0.5)


def test_refills_in_flight_lower_the_hit_rate_of_a_shared_store() -> None:
    trace = cache_trace([0] * 10, delay_s=2.5, shared=True, serial=False)
    found = predict([trace], np.arange(10.0), routing([0.5, 0.5]), rng())
    assert found.value == pytest.approx(0.7)


def test_a_key_that_is_never_refilled_misses_every_time() -> None:
    trace = cache_trace([0] * 5, ttl_s=NAN)
    assert predict([trace], np.arange(5.0), routing([1.0]), rng()).value == 0


def test_a_key_that_is_never_refilled_but_written_is_found_where_it_was_written() -> None:
    writes = Writes(
        target=np.array([0]),
        key=np.array([0]),
        at_s=np.array([0.5]),
        operation=np.array([Operation.SET]),
        ttl_s=np.array([INF]),
    )
    trace = replace(cache_trace([0] * 5, ttl_s=NAN), writes=writes)
    assert predict([trace], np.arange(5.0), routing([1.0]), rng()).value == 4 / 5


def test_a_replaced_life_starts_empty() -> None:
    lives = Routing([slot(1.0, [0, 1], [0.0, 2.0])])
    assert predict([cache_trace([0] * 4)], np.arange(4.0), lives, rng()).value == 0.5


def test_culls_are_part_of_it() -> None:
    trace = cache_trace([0, 1] * 10, limits=Limits(1, 1))
    assert predict([trace], np.arange(20.0), routing([1.0]), rng()).value == 0


def test_requests_that_read_two_caches_are_routed_once() -> None:
    traces = [cache_trace([0, 0]), cache_trace([0, 0])]
    found = predict(traces, np.arange(2.0), routing([0.5, 0.5]), rng())
    assert {found.low, found.high} == {0.0, 0.5}


def test_few_draws_widen_the_interval() -> None:
    values = rng().normal(0.5, 0.01, 5)
    few, sd = interval_of_draws(values), values.std(ddof=1)
    assert few.high is not None
    assert few.value is not None
    assert few.high - few.value == pytest.approx(2.776 * sd * np.sqrt(1.2), rel=0.01)


def test_many_draws_give_quantiles_that_occurred() -> None:
    found = interval_of_draws(np.arange(401.0) / 400)
    assert (found.low, found.high) == (0.025, 0.975)


def test_draws_follow_the_budget() -> None:
    small, large = cache_trace([0] * 10), cache_trace(np.zeros(1_000_000, np.int64))
    assert SimulationPlan(certain=0, caches=[(small, distinct_misses)]).draws == MAX_DRAWS
    assert SimulationPlan(certain=0, caches=[(large, distinct_misses)]).draws == 10
    both = [(large, timed_misses), (large, played_misses)]
    assert SimulationPlan(certain=0, caches=both).draws == MIN_DRAWS


def test_lifetimes_come_from_the_same_key_and_delays_from_any() -> None:
    pool = refills(np.array([1, 0, 1]), np.array([0.5, NAN, 0.5]), np.array([9.0, NAN, INF]), 3)
    delay_s, ttl_s = pool.draw(np.repeat([0, 1, 2], 50), rng())
    assert set(delay_s) == {0.5}
    assert np.isnan(ttl_s[:50]).all()
    assert set(ttl_s[50:100]) == {9.0, INF}
    assert set(ttl_s[100:]) == {INF}


def test_routing_follows_the_shares() -> None:
    life = routing([0.7, 0.2, 0.1]).draw(np.zeros(100_000), rng())
    assert np.bincount(life) / 100_000 == pytest.approx([0.7, 0.2, 0.1], abs=0.01)
