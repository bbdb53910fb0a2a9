"""Rounds of base and candidate in, findings and a verdict out."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from harness.gate.duel import (
    RULES,
    MetricResult,
    Rule,
    is_decided,
    judge,
    overall,
    with_min_effects,
)
from harness.metrics import HIGHER, LOWER, Metric
from harness.verdicts import Verdict, exit_code

TIME = Rule(
    metric=Metric(
        "time",
        "time",
        LOWER,
        "",
        unit="s",
        min_effect=1e-6,
        min_relative_effect=0.03,
        timed=True,
    ),
    required=True,
)
SHARE = Rule(metric=Metric("share", "share", HIGHER, "", unit="share", min_effect=0.01))


def noisy(rounds: int, change: float = 0.0, noise: float = 0.02) -> npt.NDArray[np.float64]:
    """Return values about 1 ms, in pairs whose mean change is exactly as asked for."""
    wiggle = noise * np.repeat(np.tile([-1.0, 1.0], rounds // 4 + 1), 2)[:rounds]
    return 1e-3 * np.exp(wiggle + change)


def judged(rule: Rule, base: object, candidate: object) -> MetricResult:
    (finding,) = judge([rule], {rule.name: np.array(base)}, {rule.name: np.array(candidate)})
    return finding


def test_a_change_beyond_its_minimum_and_its_interval_is_a_regression() -> None:
    found = judged(TIME, noisy(80, noise=0), noisy(80, math.log(1.1)))
    assert found.verdict is Verdict.FAIL
    assert found.change == pytest.approx(0.1)
    assert found.base == pytest.approx(1e-3)
    assert found.candidate == pytest.approx(1.1e-3)
    assert found.low is not None
    assert found.high is not None
    assert 0 < found.low < 0.1 < found.high
    assert found.rounds == 80
    assert found.rounds_needed is None


def test_the_other_way_round_it_is_an_improvement() -> None:
    found = judged(TIME, noisy(80, math.log(1.1)), noisy(80, noise=0))
    assert found.verdict is Verdict.IMPROVED
    assert found.change == pytest.approx(1 / 1.1 - 1)


def test_a_change_below_the_minimum_passes_however_certain_it_is() -> None:
    found = judged(TIME, noisy(80, noise=0), noisy(80, 0.02, noise=0.001))
    assert found.low is not None
    assert found.low > 0
    assert found.verdict is Verdict.PASS


def test_the_larger_minimum_effect_size_counts() -> None:
    coarse = replace(TIME, metric=replace(TIME.metric, min_effect=0.2e-3))  # a fifth of the base
    found = judged(coarse, noisy(80, noise=0), noisy(80, math.log(1.1), noise=0.001))
    assert found.min_effect == pytest.approx(0.2)
    assert found.verdict is Verdict.PASS


def test_doubt_is_reported_with_the_rounds_that_would_end_it() -> None:
    base, candidate = noisy(40, noise=0), noisy(40, noise=0.08)
    found = judged(TIME, base, candidate)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.rounds_needed is not None
    assert found.rounds_needed > 40
    enough = found.rounds_needed + -found.rounds_needed % 4  # so that the wiggle evens out
    longer = judged(TIME, noisy(enough, noise=0), noisy(enough, noise=0.08))
    assert longer.verdict is Verdict.PASS


def test_fewer_than_eight_blocks_are_no_data() -> None:
    found = judged(TIME, noisy(14), noisy(14))
    assert found.verdict is Verdict.NO_DATA
    assert found.change is None
    assert judge([TIME], {}, {})[0].verdict is Verdict.NO_DATA


def test_a_block_that_lacks_a_value_on_either_side_is_left_out() -> None:
    base, candidate = noisy(40, noise=0), noisy(40, math.log(1.1), noise=0.001)
    base[3], candidate[8], candidate[9] = np.nan, 0.0, np.nan
    found = judged(TIME, base, candidate)
    assert found.rounds == 36
    assert found.change == pytest.approx(0.1)


def test_a_round_that_only_one_side_served_is_left_out() -> None:
    assert judged(TIME, noisy(41), noisy(40)).rounds == 40


def test_a_steady_drift_cancels_within_a_block() -> None:
    turn = np.arange(80)
    is_base = (turn % 2 == 0) == (turn // 2 % 2 == 0)
    drifting = 1e-3 * np.exp(0.01 * turn)
    found = judged(TIME, drifting[is_base], drifting[~is_base])
    assert found.change == pytest.approx(0, abs=1e-12)


def test_a_difference_is_reported_in_the_unit_of_the_metric() -> None:
    wiggle = np.tile([0.0, 0.0, 0.01, 0.01], 10)
    found = judged(SHARE, np.full(40, 0.9) + wiggle, np.full(40, 0.8))
    assert found.verdict is Verdict.FAIL
    assert found.change == pytest.approx(-0.105)
    assert found.min_effect == 0.01


def test_shares_that_are_equal_in_every_round_pass() -> None:
    assert judged(SHARE, np.ones(16), np.ones(16)).verdict is Verdict.PASS


def test_at_equal_hits_the_misses_of_a_round_do_not_count_as_work() -> None:
    luck = np.repeat(np.tile([0.0, 0.2, -0.2, 0.0], 10), 2)
    hits = {"hit_rate": np.full(80, 0.8)}, {"hit_rate": 0.8 + luck}
    base = {"time": noisy(80, noise=0), **hits[0]}
    candidate = {"time": noisy(80, math.log(1.1), 0.001) * np.exp(-2 * luck), **hits[1]}
    (plain,) = judge([TIME], base, candidate)
    (equal,) = judge([replace(TIME, at_equal_hits=True)], base, candidate)
    assert plain.change == pytest.approx(equal.change)
    assert plain.verdict is Verdict.INCONCLUSIVE
    assert equal.verdict is Verdict.FAIL
    assert equal.candidate == pytest.approx(1.1e-3)


def test_cpu_time_that_misses_account_for_is_no_change_at_equal_hits() -> None:
    lost = np.repeat(np.linspace(0.1, 0.3, 40), 2)
    base = {"time": noisy(80, noise=0), "hit_rate": np.full(80, 0.8)}
    candidate = {"time": noisy(80, noise=0.001) * np.exp(2 * lost), "hit_rate": 0.8 - lost}
    (found,) = judge([replace(TIME, at_equal_hits=True)], base, candidate)
    assert found.change == pytest.approx(0, abs=0.01)


def test_more_metrics_make_every_interval_wider() -> None:
    base, candidate = {"time": noisy(80, noise=0)}, {"time": noisy(80)}
    alone, corrected = judge([TIME], base, candidate), judge([TIME, SHARE], base, candidate)
    assert alone[0].high is not None
    assert corrected[0].high is not None
    assert alone[0].high < corrected[0].high
    assert corrected[1].verdict is Verdict.NO_DATA


def finding(metric: str, verdict: Verdict) -> MetricResult:
    return MetricResult(metric=metric, verdict=verdict, rounds=20)


@pytest.mark.parametrize(
    ("time", "share", "wanted"),
    [
        (Verdict.PASS, Verdict.PASS, Verdict.PASS),
        (Verdict.PASS, Verdict.NO_DATA, Verdict.PASS),
        (Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.PASS),
        (Verdict.PASS, Verdict.IMPROVED, Verdict.IMPROVED),
        (Verdict.PASS, Verdict.FAIL, Verdict.FAIL),
        (Verdict.INCONCLUSIVE, Verdict.FAIL, Verdict.FAIL),
        (Verdict.INCONCLUSIVE, Verdict.IMPROVED, Verdict.INCONCLUSIVE),
        (Verdict.NO_DATA, Verdict.IMPROVED, Verdict.NO_DATA),
        (Verdict.IMPROVED, Verdict.FAIL, Verdict.FAIL),
    ],
)
def test_the_worst_that_matters_is_the_verdict(
    time: Verdict, share: Verdict, wanted: Verdict
) -> None:
    findings = [finding("time", time), finding("share", share)]
    assert overall(findings, [TIME, SHARE]) is wanted
    settled = wanted not in (Verdict.NO_DATA, Verdict.INCONCLUSIVE)
    assert is_decided(findings, [TIME, SHARE]) is settled


@pytest.mark.parametrize(
    ("share", "rounds", "settled"),
    [
        (Verdict.PASS, 16, True),
        (Verdict.FAIL, 16, True),
        (Verdict.INCONCLUSIVE, 16, False),
        (Verdict.NO_DATA, 46, False),
        (Verdict.INCONCLUSIVE, 48, True),
    ],
)
def test_a_slower_time_waits_a_while_for_the_counts(
    share: Verdict, rounds: int, settled: bool
) -> None:
    findings = [
        MetricResult(metric="time", verdict=Verdict.FAIL, rounds=rounds),
        MetricResult(metric="share", verdict=share, rounds=rounds),
    ]
    assert is_decided(findings, [TIME, replace(SHARE, required=True)]) is settled


def test_every_verdict_has_its_exit_code() -> None:
    codes = {verdict.value: exit_code(verdict) for verdict in Verdict}
    assert codes == {
        "pass": 0,
        "improved": 0,
        "fail": 5,
        "inconclusive": 0,
        "no-data": 4,
        "incomparable": 4,
    }
    assert exit_code(Verdict.INCONCLUSIVE, fail_on_inconclusive=True) == 6
    assert exit_code(Verdict.PASS, fail_on_inconclusive=True) == 0


def test_minimum_effect_sizes_can_be_chosen() -> None:
    rules = {rule.name: rule.metric for rule in with_min_effects(0.1, {"lookup_p50_s": 1e-4})}
    assert rules["cpu_per_request_s"].min_relative_effect == 0.1
    assert rules["lookup_p50_s"].min_effect == 1e-4
    assert rules["hit_rate"].min_relative_effect == 0
    assert with_min_effects() == tuple(RULES)
