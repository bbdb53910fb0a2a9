"""The forecast against brute force and the simulation, and what must hold for any question."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.forecast.culling import zipf_keys
from harness.forecast.forecast import (
    Forecast,
    ForecastRow,
    break_even,
    forecast,
    worker_counts,
)
from harness.forecast.hit_rate import MAX_ERROR, Method, played_from_empty
from harness.forecast.question import MAX_WORKERS, CostInputs, Question
from harness.load.trace import popularity
from harness.model.locmem import Limits
from tests.factories import STEADY

COSTS = CostInputs(hit_us=9, shared_hit_us=400, origin_ms=5)
CHANCES = st.sampled_from([0.0, 0.5, 1.0, 1.7])


def at(question: Question) -> ForecastRow:
    """Return what is expected with the workers asked for."""
    return forecast(question).rows[-1]


def limited(**changes: object) -> Question:
    return Question(**{"keys": 300, "max_entries": 100, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(("workers", "requests"), [(1, 4), (2, 3), (3, 3), (2, 1)])
def test_hit_rate_and_entries_are_the_mean_over_every_trace_and_routing(
    workers: int, requests: int
) -> None:
    q = popularity(3, 1.0)
    stored = sum(
        np.prod([q[key] for key in trace])
        / workers**requests
        * len({*zip(where, trace, strict=True)})
        for trace in product(range(3), repeat=requests)
        for where in product(range(workers), repeat=requests)
    )
    row = at(Question(workers=workers, keys=3, requests=requests))
    assert row.entries == pytest.approx(stored)
    assert row.hit_rate == pytest.approx(1 - stored / requests)


def test_the_facts_measured_beforehand_come_out() -> None:
    rates = [row.hit_rate for row in forecast(Question(workers=8)).rows]
    assert rates == pytest.approx([0.905, 0.841, 0.759, 0.667], abs=0.006)


@pytest.mark.slow
@settings(STEADY, max_examples=25)
@given(st.integers(1, 12), st.integers(1, 400), CHANCES, st.integers(1, 4000), st.integers(20, 300))
def test_closed_form_and_simulation_agree_wherever_both_apply(
    workers: int, keys: int, zipf: float, requests: int, max_entries: int
) -> None:
    question = Question(
        workers=workers, keys=keys, zipf=zipf, requests=requests, max_entries=max_entries
    )
    row = at(question)
    played = played_from_empty(
        zipf_keys(keys, zipf), Limits(max_entries), requests, workers, np.random.default_rng(7)
    )
    assert row.hit_rate == pytest.approx(played.hit_rate, abs=MAX_ERROR + 2 * played.error)


@pytest.mark.slow
@settings(STEADY, max_examples=8)
@given(st.integers(1, 6), st.integers(1, 60), CHANCES, st.sampled_from([3.0, 40.0, 600.0]))
def test_timeout_form_agrees_with_caches_that_are_played(
    workers: int, keys: int, zipf: float, per_timeout: float
) -> None:
    row = at(
        Question(
            workers=workers,
            keys=keys,
            zipf=zipf,
            requests=None,
            requests_per_second=per_timeout / 10,
            timeout_s=10.0,
        )
    )
    # Without culls a cache of Django's forgets nothing but what has expired.
    popular, rng = zipf_keys(keys, zipf), np.random.default_rng(3)
    long = played_from_empty(popular, Limits(10**6), 20_000, 1, rng, per_timeout / workers)
    learning = keys / 20_000
    assert row.method is Method.RENEWAL
    assert row.hit_rate == pytest.approx(long.hit_rate, abs=MAX_ERROR + learning)


@pytest.mark.parametrize(
    ("question", "method"),
    [
        (Question(), Method.DISTINCT_PAIRS),
        (Question(max_entries=300), Method.DISTINCT_PAIRS),
        (Question(keys=10**6, max_entries=5000), Method.DISTINCT_PAIRS),
        (limited(), Method.WINDOW),
        (limited(max_entries=10), Method.SIMULATION),
        (limited(zipf=0.0, max_entries=295, requests=1300, workers=1), Method.SIMULATION),
        (Question(requests=None, requests_per_second=5.0, timeout_s=60.0), Method.RENEWAL),
        (Question(requests=None, requests_per_second=5.0), Method.NOTHING_LOST),
        (limited(requests=None, requests_per_second=5.0, timeout_s=60.0), Method.WINDOW),
        (limited(requests=None, requests_per_second=5.0, max_entries=10), Method.SIMULATION),
    ],
)
def test_each_figure_comes_by_the_cheapest_method_that_holds(
    question: Question, method: Method
) -> None:
    assert at(question).method is method


@settings(STEADY, max_examples=60)
@given(st.integers(1, 10**7), CHANCES, st.integers(1, 10**9), st.integers(1, 64))
def test_more_workers_never_hit_more_often_and_never_hold_fewer_entries(
    keys: int, zipf: float, requests: int, servers: int
) -> None:
    answer = forecast(
        Question(
            workers=512,
            servers=servers,
            keys=keys,
            zipf=zipf,
            requests=requests,
            max_entries=None,
        )
    )
    assert all(0 <= row.hit_rate <= 1 for row in answer.rows)
    for less, more in pairwise(answer.rows):
        assert more.hit_rate <= less.hit_rate + 1e-9
        assert more.entries >= less.entries * (1 - 1e-9)
        assert more.entries <= more.workers * keys * (1 + 1e-9)


@pytest.mark.parametrize("changes", [{"requests": 3000}, {"requests": 10**8}])
@pytest.mark.parametrize("max_entries", [30, 100, 290])
def test_more_workers_do_not_hit_more_often_when_entries_are_culled(
    changes: dict[str, int], max_entries: int
) -> None:
    rows = forecast(limited(workers=64, max_entries=max_entries, **changes)).rows
    for less, more in pairwise(rows):
        assert more.hit_rate <= less.hit_rate + max(less.error, more.error)


def test_one_worker_has_what_a_shared_cache_has() -> None:
    for question in (
        Question(workers=1),
        Question(workers=1, keys=10**6, zipf=0.7, max_entries=None),
    ):
        answer = forecast(question)
        assert answer.rows[-1].hit_rate == answer.shared.hit_rate
        assert answer.rows[-1].entries == pytest.approx(answer.shared.entries)


def test_one_request_misses_and_one_key_is_missed_once_by_each_worker() -> None:
    assert at(Question(requests=1)).hit_rate == pytest.approx(0, abs=1e-12)
    single = at(Question(keys=1, workers=3, requests=10_000))
    assert single.hit_rate == pytest.approx(1 - 3 / 10_000)
    assert single.entries == pytest.approx(3)


def test_keys_that_are_all_alike_are_learnt_as_in_the_coupon_collectors_problem() -> None:
    expected = 1 - 50 * (1 - (1 - 1 / 50) ** 200) / 200
    assert at(Question(workers=1, keys=50, zipf=0.0, requests=200)).hit_rate == pytest.approx(
        expected
    )


def test_in_the_long_run_a_cache_that_culls_does_as_well_among_many_as_alone() -> None:
    rows = forecast(limited(workers=64, requests=None, requests_per_second=9.0)).rows
    assert len({row.hit_rate for row in rows}) == 1
    assert rows[-1].entries == pytest.approx(64 * rows[0].entries)


def test_what_expired_takes_place_in_locmem_and_none_in_the_shared_cache() -> None:
    question = Question(requests=None, requests_per_second=1.0, timeout_s=60.0)
    answer = forecast(question)
    assert answer.rows[-1].entries == 4 * 300
    hits = popularity(300, 1.0) * 60
    assert answer.shared.entries == pytest.approx((hits / (1 + hits)).sum())


def test_the_shared_cache_knows_no_max_entries() -> None:
    assert forecast(limited()).shared == forecast(Question()).shared


def test_the_same_question_gives_the_same_answer() -> None:
    question = limited(max_entries=10, costs=COSTS)
    assert forecast(question) == forecast(question)


@pytest.mark.parametrize(("top", "rows"), [(1, [1]), (2, [1, 2]), (6, [1, 2, 4, 6])])
def test_worker_counts_double_up_to_the_highest(top: int, rows: list[int]) -> None:
    assert worker_counts(top) == rows


def scanned(question: Question, most: int) -> int | None:
    """Return the break-even by asking for one number of workers after the other."""
    for workers in range(1, most + 1):
        answer = forecast(replace(question, workers=workers))
        assert answer.shared.cost_us is not None
        assert answer.rows[-1].cost_us is not None
        if answer.rows[-1].cost_us > answer.shared.cost_us * (1 + 1e-9):
            return workers
    return None


def found(question: Question) -> int | None:
    even = forecast(question).break_even
    assert even is not None
    return even.workers


@settings(STEADY, max_examples=20)
@given(
    st.floats(0, 500),
    st.floats(0, 2000),
    st.floats(0, 20),
    st.sampled_from(
        [
            Question(),
            Question(keys=50, zipf=0.3),
            Question(requests=None, requests_per_second=2.0, timeout_s=300.0),
        ]
    ),
)
def test_break_even_is_that_of_a_linear_scan(
    hit_us: float, shared_hit_us: float, origin_ms: float, question: Question
) -> None:
    costs = CostInputs(hit_us=hit_us, shared_hit_us=shared_hit_us, origin_ms=origin_ms)
    asked = replace(question, costs=costs)
    by_search, by_scan = found(asked), scanned(asked, 60)
    assert by_search == by_scan if by_scan or (by_search or 99) <= 60 else by_scan is None


def test_break_even_does_not_hang_on_the_workers_asked_for() -> None:
    assert {found(Question(workers=n, costs=COSTS)) for n in (1, 3, 6, 500)} == {3}


def test_a_shared_hit_that_is_cheaper_wins_from_the_first_worker_on() -> None:
    assert found(Question(costs=CostInputs(hit_us=10, shared_hit_us=9, origin_ms=1))) == 1


def test_equal_hits_make_the_shared_cache_cheaper_from_the_second_worker_on() -> None:
    assert found(Question(costs=CostInputs(hit_us=10, shared_hit_us=10, origin_ms=1))) == 2


@pytest.mark.parametrize("costs", [(9, 400, 0), (9, 400, 0.1), (0, 0, 0)])
def test_an_origin_that_costs_less_than_the_shared_cache_has_no_break_even(
    costs: tuple[float, float, float],
) -> None:
    question = Question(
        costs=CostInputs(hit_us=costs[0], shared_hit_us=costs[1], origin_ms=costs[2])
    )
    even = forecast(question).break_even
    assert even is not None
    assert (even.workers, even.searched) == (None, MAX_WORKERS)


def test_break_even_is_left_out_without_costs() -> None:
    answer = forecast(Question())
    assert answer.break_even is None
    assert answer.shared.cost_us is None
    assert {row.cost_us for row in answer.rows} == {None}


def test_a_break_even_between_simulated_figures_is_read_off_and_says_so() -> None:
    even = break_even(lambda workers: 100 * workers**0.5, 250.0, 1000, lambda _: True)
    assert (even.workers, even.about) == (7, True)
    exact = break_even(lambda workers: 100 * workers**0.5, 250.0, 1000, lambda _: False)
    assert (exact.workers, exact.about) == (7, False)


def test_break_even_looks_at_the_last_number_even_if_it_is_no_power_of_two() -> None:
    even = break_even(lambda workers: float(workers), 8.5, 9, lambda _: False)
    assert even.workers == 9
    assert break_even(lambda workers: float(workers), 9, 9, lambda _: False).workers is None


def test_a_miss_pays_for_its_lookup_as_well() -> None:
    assert COSTS.locmem_us(0.75) == pytest.approx(9 + 0.25 * 5000)
    assert COSTS.shared_us(0.75) == pytest.approx(400 + 0.25 * 5000)


@pytest.mark.parametrize(
    "question",
    [
        Question(workers=512, servers=32, keys=10**6, requests=10**8, costs=COSTS),
        Question(workers=512, servers=32, keys=10**12, zipf=10.0, requests=10**15, costs=COSTS),
        limited(workers=512, servers=32, keys=10**6, requests=10**8, max_entries=1),
        limited(keys=10**6, zipf=10.0, max_entries=10**5, requests=10**6),
        limited(keys=2, max_entries=1, zipf=10.0),
    ],
)
def test_extreme_questions_have_sound_answers(question: Question) -> None:
    answer: Forecast = forecast(question)
    for row in answer.rows:
        assert 0 <= row.hit_rate <= 1
        assert 0 < row.entries < np.inf
