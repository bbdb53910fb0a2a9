"""Each rule that gives a miss its cause, on a history small enough to follow by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.causes import Outcomes, outcomes
from harness.analysis.profiles import CacheProfile
from harness.analysis.summary import Cause
from harness.model.locmem import Limits
from harness.record.samples import Samples
from tests.factories import (
    EPOCH_S,
    INF,
    NAN,
    STEADY,
    even_routing,
    routed_samples,
    samples,
    zipf_keys,
)

Step = tuple[int, int, bool]  # life, key, hit

THREE_LIVES = [(0, 1, 1, 11), (0, 2, 1, 12), (0, 3, 1, 13)]
REPLACED = [(0, 1, 1, 11), (0, 1, 2, 12), (0, 2, 1, 13)]


def locmem(max_entries: int = 100) -> list[CacheProfile]:
    return [CacheProfile(per_process=True, keeps=True, limits=Limits(max_entries, 1))]


def history(steps: Sequence[Step], *, ttl_s: Any = INF, lives: Any = THREE_LIVES) -> Samples:
    """Return one lookup per second, each miss refilled within milliseconds."""
    life, key, hit = (np.array(column) for column in zip(*steps, strict=True))
    at_s = EPOCH_S + np.arange(len(steps), dtype=np.float64)
    refill = np.where(hit, NAN, 0.001)
    return samples(
        life=life,
        key=key,
        hit=hit,
        at_s=at_s,
        sent_s=at_s,
        done_s=at_s + 0.01,
        origin_s=refill,
        store_s=refill,
        ttl_s=np.where(hit, NAN, ttl_s),
        lives=np.array(lives),
        keys=np.array([f"key:{number}" for number in range(10)]),
    )


def misses(found: Outcomes) -> dict[str, int]:
    return {cause: count for cause, count in found.misses.items() if count}


# The last line of each history has the cause in question; a hit on the own life's entry after a
# miss of the other's makes the per-process replay explain more than the shared one.
FIRST_TWO = [(0, 0, False), (1, 0, False)]  # first, fragmentation


def test_a_key_that_nobody_stored_is_first() -> None:
    assert misses(outcomes(history([(0, 0, False)]), locmem())) == {"first": 1}


def test_a_key_that_another_living_worker_holds_is_fragmentation() -> None:
    found = outcomes(history(FIRST_TWO), locmem())
    assert misses(found) == {"first": 1, "fragmentation": 1}


def test_a_key_that_a_worker_of_another_server_holds_is_fragmentation() -> None:
    lives = [(0, 1, 1, 11), (1, 1, 1, 12)]
    found = outcomes(history(FIRST_TWO, lives=lives), locmem())
    assert misses(found) == {"first": 1, "fragmentation": 1}


def test_a_key_that_the_own_life_stored_and_that_timed_out_is_expired() -> None:
    steps = [*FIRST_TWO, (0, 0, False)]
    found = outcomes(history(steps, ttl_s=[1.5, INF, INF]), locmem())
    assert misses(found) == {"first": 1, "fragmentation": 1, "expired": 1}


def test_a_key_that_the_own_life_culled_is_evicted_though_another_holds_it() -> None:
    steps = [*FIRST_TWO, (0, 1, False), (0, 0, False)]
    found = outcomes(history(steps), locmem(max_entries=1))
    assert misses(found) == {"first": 2, "fragmentation": 1, "evicted": 1}


def test_a_key_that_an_earlier_generation_of_the_slot_held_is_restart() -> None:
    steps = [(0, 0, False), (1, 0, False)]
    assert misses(outcomes(history(steps, lives=REPLACED), locmem())) == {"first": 1, "restart": 1}


def test_restart_counts_before_fragmentation() -> None:
    steps = [(0, 0, False), (2, 0, False), (0, 0, True), (1, 0, False)]
    found = outcomes(history(steps, lives=REPLACED), locmem())
    assert misses(found) == {"first": 1, "fragmentation": 1, "restart": 1}


def test_what_an_earlier_generation_held_is_no_restart_once_it_would_have_expired() -> None:
    steps = [(0, 0, False), (0, 1, False), (2, 1, False), (0, 1, True), (1, 0, False)]
    found = outcomes(history(steps, ttl_s=[1.5, INF, INF, INF, INF], lives=REPLACED), locmem())
    assert misses(found) == {"first": 2, "fragmentation": 1, "expired": 1}


def test_a_life_that_has_ended_does_not_fragment_and_its_loss_is_restart_elsewhere_too() -> None:
    steps = [(0, 0, False), (1, 1, False), (2, 1, False), (2, 0, False)]
    found = outcomes(history(steps, lives=REPLACED), locmem())
    assert misses(found) == {"first": 2, "fragmentation": 1, "restart": 1}


def test_a_key_that_the_last_worker_to_store_it_culled_is_evicted() -> None:
    steps = [(0, 0, False), (0, 1, False), (1, 1, False), (1, 0, False)]
    found = outcomes(history(steps), locmem(max_entries=1))
    assert misses(found) == {"first": 2, "fragmentation": 1, "evicted": 1}


def test_a_key_that_expired_where_it_was_stored_last_is_expired_for_others_too() -> None:
    steps = [(0, 1, False), (1, 1, False), (0, 0, False), (2, 2, False), (1, 0, False)]
    found = outcomes(history(steps, ttl_s=[INF, INF, 1.5, INF, INF]), locmem())
    assert misses(found) == {"first": 3, "fragmentation": 1, "expired": 1}


def test_a_miss_of_a_key_that_the_own_life_holds_is_unexplained() -> None:
    steps = [*FIRST_TWO, (1, 1, False), (0, 1, False), (0, 0, False)]
    found = outcomes(history(steps), locmem())
    assert misses(found) == {"first": 2, "fragmentation": 2, "unexplained": 1}


def test_a_shared_cache_knows_no_fragmentation_and_no_restart() -> None:
    steps = [(0, 0, False), (2, 0, True), (1, 0, True), (0, 0, False), (0, 1, False)]
    shared = [CacheProfile(per_process=False, keeps=True, limits=None)]
    found = outcomes(history(steps, lives=REPLACED, ttl_s=[2.5, NAN, NAN, INF, INF]), shared)
    assert misses(found) == {"first": 2, "expired": 1}
    assert found.explained is not None
    assert found.explained.shared == 1


def test_a_shared_cache_that_forgot_leaves_its_misses_unexplained() -> None:
    steps = [(0, 0, False), (1, 0, True), (1, 0, True), (0, 0, False)]
    shared = [CacheProfile(per_process=False, keeps=True, limits=None)]
    assert misses(outcomes(history(steps), shared)) == {"first": 1, "unexplained": 1}


def test_with_one_worker_the_kind_of_cache_decides_which_replay_gives_the_causes() -> None:
    steps = [(0, 0, False), (1, 0, False)]
    shared = [CacheProfile(per_process=False, keeps=True, limits=None)]
    lives = [(0, 1, 1, 11), (0, 2, 1, 12)]
    same = history([(0, 0, False), (0, 1, False)], lives=lives)
    assert misses(outcomes(same, shared)) == misses(outcomes(same, locmem())) == {"first": 2}
    # Two shared misses in a row: the per-process replay explains both, the shared one only one.
    assert misses(outcomes(history(steps), shared)) == {"first": 1, "fragmentation": 1}


def test_a_miss_whose_refill_is_still_in_flight_is_first_again_in_a_shared_cache() -> None:
    trial = history([(0, 0, False), (1, 0, False), (0, 0, True), (1, 0, True)])
    slow = {**trial.columns(), "origin_s": np.array([1.5, 0.001, NAN, NAN])}
    found = outcomes(Samples(**slow), [CacheProfile(per_process=False, keeps=True, limits=None)])
    assert misses(found) == {"first": 2}
    assert found.explained is not None
    assert found.explained.shared == 1


def test_a_cache_that_keeps_nothing_misses_every_key_for_the_first_time() -> None:
    nothing = [CacheProfile(per_process=False, keeps=False, limits=None)]
    found = outcomes(history([(0, 0, False)] * 3), nothing)
    assert misses(found) == {"first": 3}


def test_two_caches_of_one_worker_are_two_stores() -> None:
    trial = history([(0, 0, False), (0, 0, False)])
    two = {**trial.columns(), "cache": np.array([0, 1]), "caches": np.array(["default", "pages"])}
    assert misses(outcomes(Samples(**two), locmem() * 2)) == {"first": 2}


def test_an_answer_that_names_no_worker_still_has_its_misses_counted() -> None:
    found = outcomes(history([(-1, 0, False), (0, 0, False)]), locmem())
    assert sum(found.misses.values()) == 2


def test_without_misses_every_cause_is_there_with_0() -> None:
    found = outcomes(history([(0, 0, True)]), locmem())
    assert set(found.misses) == set(Cause)
    assert sum(found.misses.values()) == 0


histories = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 5), st.booleans()), min_size=1, max_size=60
)
FIVE_LIVES = [(0, 1, 1, 1), (0, 1, 2, 2), (0, 2, 1, 3), (1, 1, 1, 4), (0, 1, 3, 5)]


@STEADY
@given(
    histories,
    st.sampled_from([INF, 0.0, 2.5, 9.5]),
    st.integers(1, 6),
    st.sampled_from([True, False]),
)
def test_causes_always_sum_to_the_misses(
    steps: list[Step], ttl_s: float, max_entries: int, per_process: bool
) -> None:
    trial = history(steps, ttl_s=ttl_s, lives=FIVE_LIVES)
    limits = Limits(max_entries) if per_process else None
    found = outcomes(trial, [CacheProfile(per_process=per_process, keeps=True, limits=limits)])
    assert sum(found.misses.values()) == sum(not hit for _, _, hit in steps)


@pytest.mark.parametrize(("ttl_s", "max_entries"), [(INF, 1000), (0.3, 1000), (INF, 40)])
def test_a_trial_by_the_book_is_explained_to_the_last_lookup(
    ttl_s: float, max_entries: int
) -> None:
    limits = Limits(max_entries)
    key, life = zipf_keys(3000, 300), even_routing(3000, 4)
    trial = routed_samples(key, life, ttl_s=ttl_s, limits=limits)
    found = outcomes(trial, [CacheProfile(per_process=True, keeps=True, limits=limits)])
    assert found.explained is not None
    assert found.explained.per_process == 1
    assert found.explained.shared < 0.95
    assert found.misses["unexplained"] == 0
    assert (found.misses["expired"] > 0) == (ttl_s < INF)
    assert (found.misses["evicted"] > 0) == (max_entries == 40)
