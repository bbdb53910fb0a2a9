"""Ratios between trials: what is compared, by hand, and how often their intervals are right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.analysis.latency import Timings, by_round, comparisons, paired_ratio
from harness.analysis.summary import Comparison
from harness.arrays import Floats
from harness.record.facts import TrialFacts
from harness.record.samples import Samples
from tests.factories import facts_of, known, load_facts, replaced, samples
from tests.noise import paired_times

Trial = tuple[TrialFacts, Samples]
EVERY = np.ones(1000, np.bool_)


def served(seconds: Floats, backend: str = "locmem", number: int = 0, **facts: Any) -> Trial:
    """Return a trial of these request times [rounds, requests], all hits that take a tenth."""
    each = seconds.ravel()
    at_s = np.arange(len(each)) * 10.0
    trial = samples(
        round=np.repeat(np.arange(len(seconds)), seconds.shape[1]),
        due_s=at_s,
        sent_s=at_s,
        done_s=at_s + each,
        lookup_s=each / 10,
    )
    return replaced(facts_of(trial), number=number, backend=backend, **facts), trial


def one(found: tuple[Comparison, ...], **wanted: str) -> Comparison:
    fitting = [
        comparison
        for comparison in found
        if all(getattr(comparison, name) == value for name, value in wanted.items())
    ]
    assert len(fitting) == 1
    return fitting[0]


def test_a_round_is_summed_up_by_count_median_and_mean() -> None:
    timings = Timings(
        seconds=np.array([1.0, 2.0, 3.0, 5.0, 9.0]),
        round=np.array([0, 2, 0, 2, 0]),
        outcome=np.ones(5, np.int64),
    )
    found = by_round(timings, 3)
    assert found.count.tolist() == [3, 0, 2]
    np.testing.assert_allclose(found.median, [3.0, np.nan, 3.5])
    np.testing.assert_allclose(found.mean, [13 / 3, np.nan, 3.5])


def test_a_ratio_and_its_interval_are_those_worked_out_by_hand() -> None:
    # Blocks of two rounds have log ratios 1, 2, 3, 4: mean 2.5, sd 1.29099, t(3) = 3.18245.
    logs = np.array([0.5, 1.5, 2.0, 2.0, 2.0, 4.0, 4.0, 4.0])
    found, rounds = paired_ratio(np.full(8, 7.0), 7 * np.exp(logs), EVERY[:8])
    reach = 3.18245 * 1.29099 / 2
    assert rounds == 8
    assert found is not None
    assert found.value == pytest.approx(np.exp(2.5))
    assert found.low == pytest.approx(np.exp(2.5 - reach), rel=0.02)
    assert found.high == pytest.approx(np.exp(2.5 + reach), rel=0.02)


def test_a_steady_drift_cancels_in_rounds_that_take_turns() -> None:
    turn = np.arange(20).reshape(10, 2)
    turn[1::2] = turn[1::2, ::-1]  # B goes first in every second round
    times = np.exp(0.1 * turn)
    found, _ = paired_ratio(times[:, 0], times[:, 1] * 1.5, EVERY[:10])
    assert found is not None
    assert found.low == pytest.approx(1.5)
    assert found.high == pytest.approx(1.5)


def test_a_round_that_is_unusable_takes_its_partner_along() -> None:
    usable = EVERY[:12].copy()
    usable[5] = False
    _, rounds = paired_ratio(np.ones(12), np.ones(12), usable)
    assert rounds == 10


def test_fewer_than_eight_rounds_give_no_ratio_but_a_reason() -> None:
    seconds = np.full((7, 20), 0.01)
    found = comparisons([served(seconds), served(seconds, "redis", 1)])
    assert {comparison.withheld for comparison in found} == {"few-rounds"}
    assert {comparison.ratio for comparison in found} == {None}


def test_every_backend_is_set_against_locmem_wherever_that_stands() -> None:
    seconds = np.random.default_rng(1).exponential(0.01, (10, 50))
    trials = [
        served(seconds * 3, "redis", 0),
        served(seconds, "locmem", 1),
        served(seconds * 2, "memcached", 2),
    ]
    found = comparisons(trials)
    assert {(each.base, each.other) for each in found} == {
        ("locmem", "redis"),
        ("locmem", "memcached"),
    }
    for metric in ("request", "lookup"):
        for statistic in ("median", "mean"):
            ratio = one(
                found, metric=metric, statistic=statistic, outcome="all", other="redis"
            ).ratio
            assert known(ratio).value == pytest.approx(3.0)
    all_of = one(found, metric="request", statistic="mean", outcome="all", other="memcached")
    assert (all_of.rounds, all_of.samples) == (10, 1000)


def test_trials_that_differ_in_more_than_their_backend_are_not_compared() -> None:
    seconds = np.full((10, 20), 0.01)
    size = "app.env.SHOP_PAGE_BYTES"
    trials = [
        served(seconds, "locmem", 0, varied={size: "100"}),
        served(seconds, "redis", 1, varied={size: "1000"}),
        served(seconds, "redis", 2, workers=3, varied={size: "100"}),
    ]
    assert comparisons(trials) == ()


def test_a_backend_is_compared_with_its_copy() -> None:
    seconds = np.full((10, 20), 0.01)
    copies = [served(seconds, "redis", number, varied={"copy": number}) for number in (1, 2)]
    found = comparisons(copies)
    assert {(each.base, each.other) for each in found} == {("redis (copy 1)", "redis (copy 2)")}
    assert "copy" not in found[0].group


def test_a_run_of_one_round_compares_nothing() -> None:
    seconds = np.full((1, 20), 0.01)
    assert comparisons([served(seconds), served(seconds, "redis", 1)]) == ()


def test_a_saturated_trial_has_no_ratio_of_requests_and_keeps_that_of_lookups() -> None:
    seconds = np.full((10, 20), 0.01)
    busy = load_facts(wall_s=1.0, cpu_s=0.99)
    found = comparisons([served(seconds), served(seconds, "redis", 1, load=busy)])
    assert one(found, metric="request", statistic="mean", outcome="all").withheld == "saturated"
    assert one(found, metric="lookup", statistic="mean", outcome="all").ratio is not None


@pytest.mark.slow
@pytest.mark.parametrize("statistic", [np.median, np.mean])
@pytest.mark.parametrize(
    "noise",
    [{}, {"drift": 0.0, "walk": 0.0}, {"memory": 0.95}, {"tail": 1.3}, {"walk": 0.2}],
    ids=["usual", "steady", "sticky", "wild tails", "wandering"],
)
@pytest.mark.parametrize("rounds", [8, 30])
def test_the_interval_of_a_server_against_itself_holds_1_in_93_of_100_comparisons(
    rounds: int, noise: dict[str, float], statistic: Any
) -> None:
    a, b = paired_times(np.random.default_rng(11), 300, rounds, 40, **noise)
    pairs = zip(statistic(a, axis=-1), statistic(b, axis=-1), strict=True)
    found = [paired_ratio(base, other, EVERY[:rounds])[0] for base, other in pairs]
    held = [one.low <= 1 <= one.high for one in found if one]
    assert len(held) == 300
    assert np.mean(held) >= 0.93
