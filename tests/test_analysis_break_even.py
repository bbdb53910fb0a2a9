"""From how many workers on a shared cache is cheaper, by hand and on caches by the book."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.break_even import (
    UP_TO,
    LookupCosts,
    break_evens,
    costs,
    crossings,
    first_measured,
    hit_rates,
    mean_lookup_s,
    resampled,
    round_sums,
)
from harness.analysis.causes import outcomes
from harness.analysis.prepared import prepared_trial
from harness.analysis.summary import BreakEven, BreakEvenPoint
from harness.record.facts import TrialFacts
from harness.record.samples import Samples
from tests.factories import NAN, STEADY, samples, zipf_keys
from tests.timed import LOCAL_S, ORIGIN_S, SHARED_S, STORE_S, side_by_side, timed_trial


def found_in(trials: list[tuple[TrialFacts, Samples]]) -> tuple[BreakEven, ...]:
    """Return what a run's analysis finds, without all else that it works out."""
    prepared = [prepared_trial(*trial) for trial in trials]
    found = [outcomes(one.samples, one.cache_profiles, one.ends) for one in prepared]
    return break_evens(trials, [one.misses for one in found])


def only(trials: list[tuple[TrialFacts, Samples]]) -> BreakEven:
    (found,) = found_in(trials)
    return found


def flat(local_hit: float, shared_hit: float, origin: float) -> LookupCosts:
    return LookupCosts(
        local_hit=np.array([local_hit]),
        local_miss=np.array([local_hit]),
        shared_hit=np.array([shared_hit]),
        shared_miss=np.array([shared_hit]),
        origin=np.array([origin]),
    )


def test_costs_are_the_means_worked_out_by_hand() -> None:
    local = samples(
        hit=[True, True, False],
        lookup_s=[1.0, 3.0, 5.0],
        store_s=[NAN, NAN, 2.0],
        origin_s=[NAN, NAN, 10.0],
    )
    shared = samples(
        hit=[True, False, False],
        lookup_s=[6.0, 7.0, 9.0],
        store_s=[NAN, 1.0, NAN],
        origin_s=[NAN, 14.0, NAN],
    )
    found = costs(round_sums([local], 1), round_sums([shared], 1))
    assert found.local_hit.tolist() == [2.0]
    assert found.local_miss.tolist() == [7.0]
    assert found.shared_hit.tolist() == [6.0]
    assert found.shared_miss.tolist() == [8.5]  # (7 + 1 + 9) / 2: one miss was not refilled
    assert found.origin.tolist() == [8.0]  # (10 + 14) / 3
    assert mean_lookup_s(local) == 7.0


def test_hit_rates_by_workers_follow_from_how_often_each_key_occurs() -> None:
    rates = hit_rates(samples(key=[0, 0, 0, 0, 1, 1], keys=["a", "b"]), servers=1)
    assert rates.shared == pytest.approx(4 / 6)
    assert rates.local[0] == pytest.approx(4 / 6)
    assert rates.local[1] == pytest.approx(1 - 2 * ((1 - 0.5**4) + (1 - 0.5**2)) / 6)
    assert len(rates.local) == UP_TO


def test_two_servers_of_one_worker_are_two_caches() -> None:
    one = samples(key=[0, 0, 0, 0, 1, 1], keys=["a", "b"])
    assert hit_rates(one, servers=2).local[0] == hit_rates(one, servers=1).local[1]


@given(hit_us=st.floats(1, 100), dearer_us=st.floats(0, 900), origin_us=st.floats(100, 100_000))
@STEADY
def test_the_shared_cache_is_cheaper_from_the_crossing_on_and_not_before(
    hit_us: float, dearer_us: float, origin_us: float
) -> None:
    rates = hit_rates(samples(key=zipf_keys(3000, 300), keys=[str(k) for k in range(300)]), 1)
    cost = flat(hit_us, hit_us + dearer_us, origin_us)
    (found,) = crossings(cost, rates).tolist()
    cheaper = cost.shared_s(rates.shared)[0] < cost.local_s(rates.local)[0]
    assert not cheaper[: found - 1].any()
    assert cheaper[found - 1 :].all()


def test_measured_points_alone_tell_the_least_number_from_which_all_are_cheaper() -> None:
    def points(*pairs: tuple[float, float]) -> list[BreakEvenPoint]:
        return [
            BreakEvenPoint(workers=2**place, local_s=local, shared_s=shared, measured=True)
            for place, (local, shared) in enumerate(pairs)
        ]

    assert first_measured(points((1, 2), (3, 2), (4, 2))) == 2
    assert first_measured(points((3, 2), (1, 2), (4, 2))) == 4
    assert first_measured(points((1, 2), (1, 2))) is None
    assert first_measured([]) is None


def test_the_model_agrees_with_what_was_measured() -> None:
    found = only(side_by_side(workers=(1, 2, 4, 8)))
    measured = {point.workers: point for point in found.points if point.measured}
    modeled = {point.workers: point for point in found.points if not point.measured}
    assert list(measured) == [1, 2, 4, 8]
    assert list(modeled) == list(range(1, UP_TO + 1))
    for workers, point in measured.items():
        assert point.local_s == pytest.approx(modeled[workers].local_s, rel=0.1)
        assert point.shared_s == pytest.approx(modeled[workers].shared_s, rel=0.1)


def test_a_shared_cache_with_a_dear_origin_is_cheaper_from_a_few_workers_on() -> None:
    """By hand: shared 0.4 + 0.095 * 3.02 = 0.69 ms; alone 0.21 * 3.03 = 0.64 ms with 3 workers and
    0.24 * 3.03 = 0.73 ms with 4."""
    found = only(side_by_side())
    assert found.modeled
    assert found.bounded
    assert found.from_workers == 4
    assert found.low is not None
    assert found.high is not None
    assert found.low <= 4 <= found.high
    assert found.high - found.low <= 1
    assert found.origin_s == pytest.approx(ORIGIN_S, rel=0.1)
    assert found.local_cost.hit_s == pytest.approx(LOCAL_S, rel=0.1)
    assert found.shared_cost.miss_s == pytest.approx(SHARED_S + STORE_S, rel=0.2)


def test_a_cheap_origin_never_pays_for_a_shared_cache() -> None:
    found = only(side_by_side(origin_s=1e-5))
    assert (found.from_workers, found.low, found.high) == (None, None, None)
    assert found.up_to == UP_TO


def test_few_rounds_give_a_number_without_bounds() -> None:
    found = only(side_by_side(rounds=4))
    assert found.from_workers == 4
    assert not found.bounded


def test_one_round_or_one_kind_of_cache_gives_no_break_even() -> None:
    assert found_in(side_by_side(rounds=1)) == ()
    assert found_in([timed_trial(4, shared=True)]) == ()


def test_entries_that_expire_leave_the_measured_points_alone() -> None:
    trials = side_by_side(workers=(1, 8))
    facts, played = trials[0]
    ttl_s = np.where(played.hit, NAN, 1.0)
    hit = played.hit.copy()
    again = np.flatnonzero((played.key == played.key[0]) & (played.at_s > played.at_s[0] + 1.5))[0]
    hit[again] = False
    trials[0] = facts, Samples(**{**played.columns(), "ttl_s": ttl_s, "hit": hit})
    found = only(trials)
    assert not found.modeled
    assert [point.workers for point in found.points] == [1, 8]
    assert found.from_workers == 8
    assert found.up_to == 8


def test_resampled_costs_lie_around_those_measured() -> None:
    (_, local), (_, shared) = side_by_side(workers=(4,))
    sums = round_sums([local], 20), round_sums([shared], 20)
    exact, drawn = costs(*sums), resampled(*sums)
    assert len(drawn.local_hit) == 1000
    assert float(np.median(drawn.local_hit)) == pytest.approx(float(exact.local_hit[0]), rel=0.02)
    assert np.array_equal(drawn.origin, resampled(*sums).origin)
