"""An expectation is refused where no run could judge it, and passes only on what was measured."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from harness.analysis.summary import Figure, Prediction
from harness.errors import GateUsageError
from harness.gate.expect import judge, refuse_unfit, refuse_unknown
from harness.scenario.load import load_plan, scenario_paths
from harness.scenario.plan import expand_plan
from harness.scenario.schema import Expect, Matrix, Scenario
from harness.stats.interval import Interval
from harness.verdicts import Verdict
from tests.summaries import make_trial

FOUR = {"backend": "locmem", "workers": 4}


def scenario(*expect: Expect, **overrides: Any) -> Scenario:
    return Scenario(
        name="mine",
        question="?",
        matrix=Matrix(backend=("locmem", "redis"), workers=(1, 4)),
        expect=expect,
        **overrides,
    )


def unfit(scenario: Scenario) -> None:
    refuse_unfit(scenario, chain(*expand_plan(scenario)), "mine.toml")


def verdicts(expect: Expect) -> list[str]:
    trials = [make_trial("locmem", 1), make_trial("locmem", 4), make_trial("redis", 4)]
    return [one.verdict for one in judge([expect], trials)]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (Expect(metric="hit_rat", at_least=0.5), r"HX501 (?s:.*)did you mean hit_rate"),
        (Expect(metric="cpu_per_request", at_least=1), r"HX501 .*no metric 'cpu_per_request'"),
        (Expect(metric="request_p90_s", at_least=1), "HX501 .*is measured in duels alone"),
        (Expect(metric="lookup_median", at_least=1), r"HX501 (?s:.*)did you mean lookup_p50_s"),
        (Expect(metric="hit_rate", where={"workers": 3}, at_least=0.5), "HX502 .*workers 3"),
        (Expect(metric="hit_rate", where={"nobody": 1}, at_least=0.5), "HX502"),
        (
            Expect(metric="hit_rate", ratio_to={"backend": "dummy"}, at_least=0.5),
            "HX502 .*ratio_to",
        ),
        (Expect(metric="hit_rate", fails_for={"workers": 9}, at_least=0.5), "HX502 .*fails_for"),
        (Expect(metric="hit_rate"), "HX503"),
        (Expect(metric="hit_rate", at_least=0.1, at_most=0.2), "HX503"),
    ],
)
def test_what_no_run_could_judge_is_refused_with_its_key(wrong: Expect, code: str) -> None:
    with pytest.raises(GateUsageError, match=code) as caught:
        unfit(scenario(wrong))
    assert caught.value.exit_code == 2
    assert "mine.toml, key expect[0]" in str(caught.value)


def test_evidence_names_known_metrics() -> None:
    with pytest.raises(GateUsageError, match=r"HX501 .*evidence\[0\]"):
        unfit(scenario(evidence=("hits",)))


@pytest.mark.parametrize("path", scenario_paths().values(), ids=scenario_paths())
def test_no_scenario_that_comes_with_the_harness_is_refused(path: Path) -> None:
    scenario, groups = load_plan(path)
    refuse_unfit(scenario, chain(*groups), path.name)


@pytest.mark.parametrize(
    ("expect", "wanted"),
    [
        (Expect(metric="hit_rate", where=FOUR, at_least=0.7), [Verdict.PASS]),
        (Expect(metric="hit_rate", where=FOUR, at_most=0.7), [Verdict.FAIL]),
        (Expect(metric="hit_rate", where=FOUR, between=(0.7, 0.8)), [Verdict.PASS]),
        (
            Expect(metric="hit_rate", where={"backend": "locmem"}, at_least=0.8),
            ["pass", "fail"],
        ),
        (Expect(metric="hit_rate", where=FOUR, as_predicted=True), [Verdict.PASS]),
        (Expect(metric="hit_rate", where={"workers": 9}, at_least=0.0), [Verdict.NO_DATA]),
        (Expect(metric="limits_granted", where=FOUR, at_least=0.0), [Verdict.NO_DATA]),
        (Expect(metric="misses.first", where=FOUR, as_predicted=True), [Verdict.NO_DATA]),
    ],
)
def test_a_bound_is_held_against_each_trial_it_is_about(expect: Expect, wanted: list[str]) -> None:
    assert verdicts(expect) == wanted


def test_a_ratio_is_held_against_the_trial_it_names() -> None:
    redis = {"backend": "redis", "workers": 4}
    assert verdicts(Expect(metric="hit_rate", where=FOUR, ratio_to=redis, at_most=0.9)) == [
        Verdict.PASS
    ]
    assert verdicts(Expect(metric="hit_rate", where=redis, ratio_to=redis, at_most=0.9)) == [
        Verdict.FAIL
    ]


def test_what_a_ratio_leaves_open_is_as_in_the_trial_itself() -> None:
    trials = [
        make_trial(backend, workers, hit_rate=rate)
        for backend, workers, rate in (
            ("redis", 1, 0.8),
            ("redis", 4, 0.9),
            ("locmem", 1, 0.8),
            ("locmem", 4, 0.45),
        )
    ]
    found = judge([Expect(metric="hit_rate", ratio_to={"backend": "redis"}, at_most=1)], trials)
    assert [one.value for one in found] == [1.0, 1.0, 1.0, 0.5]


def test_a_bound_that_holds_without_the_fault_as_well_fails() -> None:
    expect = Expect(metric="hit_rate", where=FOUR, at_most=0.8, fails_for={"workers": 1})
    assert verdicts(expect) == ["pass"]
    assert verdicts(replace(expect, at_most=0.95)) == ["fail"]


def test_without_the_trial_that_lacks_the_fault_nothing_is_known() -> None:
    expect = Expect(metric="hit_rate", where=FOUR, at_most=0.8, fails_for={"workers": 8})
    assert verdicts(expect) == [Verdict.NO_DATA]


def test_outside_of_its_prediction_a_figure_is_not_as_predicted() -> None:
    narrow = Prediction(value=0.5, low=0.49, high=0.51, closed_form=None)
    trial = make_trial("locmem", 4, predicted=narrow)
    (one,) = judge([Expect(metric="hit_rate", as_predicted=True)], [trial])
    assert one.verdict == Verdict.FAIL


def test_a_prediction_without_spread_leaves_room_for_rounding_alone() -> None:
    figure = Figure(value=4.0 + 1e-12, expected=Interval(value=4.0, low=4.0, high=4.0))
    trial = make_trial("locmem", 4, measures={"limits_granted": figure})
    (one,) = judge([Expect(metric="limits_granted", as_predicted=True)], [trial])
    assert one.verdict == Verdict.PASS


@pytest.mark.parametrize("hits", [2236, 2235])
def test_shares_are_compared_as_the_counts_that_they_come_from(hits: int) -> None:
    """The interval begins at 2,236 of 3,000, as a sum of draws has it: 0.7453333333333334."""
    low = 0.7453333333333334
    predicted = Prediction(value=0.76, low=low, high=0.77, closed_form=None)
    trial = make_trial("locmem", 4, hits=hits, hit_rate=hits / 3000, predicted=predicted)
    judged = judge(
        [Expect(metric="hit_rate", as_predicted=True), Expect(metric="hit_rate", at_least=low)],
        [trial],
    )
    wanted = Verdict.PASS if hits == 2236 else Verdict.FAIL
    assert [one.verdict for one in judged] == [wanted, wanted]


def test_what_an_option_has_taken_away_is_no_mistake_but_nonsense_is() -> None:
    refuse_unknown(scenario(Expect(metric="hit_rate", where={"workers": 9}, at_least=0)), "mine")
    with pytest.raises(GateUsageError, match="HX501"):
        refuse_unknown(scenario(Expect(metric="hits", at_least=0)), "mine")
    with pytest.raises(GateUsageError, match="HX503"):
        refuse_unknown(scenario(Expect(metric="hit_rate")), "mine")
