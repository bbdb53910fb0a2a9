"""Counts decide, chance is given its due, causes are named, and times never fail a gate."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.analysis.summary import Figure
from harness.gate.baseline import RunFigures
from harness.gate.compare import Change, Changes, compare
from harness.scenario.schema import Action, Cache, Load, Matrix, Scenario, Server
from harness.stats.interval import Interval
from harness.verdicts import Verdict
from tests.recorded import prediction, run, scenario, trial
from tests.summaries import make_trial

ENVIRONMENT = {"python": "3.13.1", "cores": 2}


def the(changes: Changes, metric: str, trial_name: str = "locmem, 4 workers") -> Change:
    (found,) = (one for one in changes.changes if (one.metric, one.trial) == (metric, trial_name))
    return found


def four(hits: int, **overrides: Any) -> RunFigures:
    return run(trial(1), trial(4, hits, **overrides))


def test_a_run_against_itself_has_not_changed() -> None:
    changes = compare(run(), run())
    assert changes.verdict is Verdict.PASS
    assert {one.verdict for one in changes.judged} == {Verdict.PASS}
    assert {one.trial for one in changes.judged} == {"locmem, 1 worker", "locmem, 4 workers"}


def test_one_hit_less_is_a_regression_where_nothing_is_left_to_chance() -> None:
    exact = {"predicted": prediction(0.905, closed_form=0.905)}
    base = run(trial(1, 2715, **exact), trial(4))
    changes = compare(base, run(trial(1, 2714, **exact), trial(4)))
    change = the(changes, "hit_rate", "locmem, 1 worker")
    assert (change.verdict, change.allowed) == (Verdict.FAIL, 0.0)
    assert "chance" in change.why
    assert compare(base, base).verdict is Verdict.PASS


def test_without_a_closed_form_a_hit_less_is_of_no_weight() -> None:
    """What expires or is culled hangs on the time it takes, also with one worker."""
    base = run(trial(1, 2715, predicted=prediction(0.905)), trial(4))
    found = run(trial(1, 2714, predicted=prediction(0.9047)), trial(4))
    assert compare(base, found).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("hits", "verdict"),
    [
        (2281, Verdict.PASS),
        (2255, Verdict.PASS),  # 0.0087 less: under the floor of 0.01
        (2240, Verdict.PASS),  # 0.0137 less: within what both runs' luck makes of it
        (2220, Verdict.INCONCLUSIVE),  # 0.0203 less: one of 20 lucks makes 0.0156 of it
        (2150, Verdict.FAIL),  # 0.0437 less
        (2400, Verdict.IMPROVED),
    ],
)
def test_a_loss_of_hits_is_distinguished_from_chance(hits: int, verdict: Verdict) -> None:
    changes = compare(four(2281), four(hits))
    assert the(changes, "hit_rate").verdict is verdict


def test_the_luck_of_both_runs_counts() -> None:
    """One interval of +-0.011 has a deviation of 0.0056, the difference of two has 0.0079."""
    change = the(compare(four(2281), four(2281)), "hit_rate")
    assert change.allowed == pytest.approx(0.01 + 3.02 * 0.00794, rel=0.02)


@pytest.mark.slow
def test_a_and_a_raise_no_alarm() -> None:
    """Of 300 comparisons with luck as predicted, next to none is called worse or better."""
    rng = np.random.default_rng(7)
    draws = rng.normal(0.759, 0.0056, (300, 2))
    found = [
        compare(four(round(3000 * one)), four(round(3000 * other))).verdict for one, other in draws
    ]
    assert found.count(Verdict.FAIL) == found.count(Verdict.IMPROVED) == 0
    assert found.count(Verdict.INCONCLUSIVE) <= 15


@pytest.mark.parametrize("cause", ["fragmentation", "first", "expired", "evicted"])
def test_the_cause_of_a_loss_is_named(cause: str) -> None:
    changes = compare(four(2281), four(1900, cause=cause))
    assert changes.verdict is Verdict.FAIL
    assert the(changes, "hit_rate").causes == (f"misses.{cause}",)
    assert the(changes, "origin_per_request").causes == (f"misses.{cause}",)


def test_causes_and_times_are_reported_and_judge_nothing() -> None:
    changes = compare(four(2281), four(1900))
    causes = [one for one in changes.changes if one.metric.startswith("misses.")]
    assert len(causes) == 3  # what is nothing in both runs is left out
    assert {one.verdict for one in causes} == {None}
    slow = run(trial(1), trial(4, requests_per_second=90.0))
    for environment in (ENVIRONMENT, {**ENVIRONMENT, "cores": 8}):
        base = replace(run(), environment=ENVIRONMENT)
        found = compare(base, replace(slow, environment=environment))
        assert found.verdict is Verdict.PASS
        assert the(found, "requests_per_second").advisory
    assert found.environment_facts == ("cores was 2, is 8",)
    assert the(found, "requests_per_second").why == "another machine or other versions"


def test_on_the_same_machine_a_time_is_doubted_and_fails_nothing() -> None:
    slow = run(trial(1), trial(4, requests_per_second=90.0))
    changes = compare(run(), slow)
    change = the(changes, "requests_per_second")
    assert (change.verdict, change.advisory) == (Verdict.INCONCLUSIVE, True)
    assert changes.verdict is Verdict.PASS


def test_counts_hold_across_machines() -> None:
    other = replace(four(1900), environment={"cores": 64, "python": "3.14.0"})
    assert compare(four(2281), other).verdict is Verdict.FAIL


def test_more_failures_are_a_regression() -> None:
    changes = compare(four(2281), four(2281, failures=30))
    assert the(changes, "failed_requests").verdict is Verdict.FAIL


def test_a_measure_that_leaves_no_room_is_compared_exactly() -> None:
    exact = Figure(value=1.0, expected=Interval(value=1.0, low=1.0, high=1.0))
    base = four(2281, measures={"limits_granted": exact})
    leak = four(2281, measures={"limits_granted": replace(exact, value=1.01)})
    assert the(compare(base, base), "limits_granted").verdict is Verdict.PASS
    assert the(compare(base, leak), "limits_granted").verdict is Verdict.FAIL


def test_a_prediction_without_room_that_was_missed_says_nothing_of_chance() -> None:
    missed = Figure(value=1.5, expected=Interval(value=1.0, low=1.0, high=1.0))
    base = four(2281, measures={"limits_granted": missed})
    worse = four(2281, measures={"limits_granted": replace(missed, value=1.7)})
    assert the(compare(base, base), "limits_granted").verdict is Verdict.PASS
    assert the(compare(base, worse), "limits_granted").verdict is Verdict.INCONCLUSIVE


def test_where_chance_is_not_known_it_is_inconclusive() -> None:
    base = four(2281, measures={"limits_granted": Figure(value=1.0)})
    worse = four(2281, measures={"limits_granted": Figure(value=1.2)})
    changes = compare(base, worse)
    assert the(changes, "limits_granted").verdict is Verdict.INCONCLUSIVE
    assert "not known" in the(changes, "limits_granted").why
    assert compare(worse, base).verdict is Verdict.IMPROVED


def test_what_was_measured_before_and_not_now_is_no_data() -> None:
    gone = run(trial(1), trial(4, hit_rate=None, predicted=None))
    assert the(compare(run(), gone), "hit_rate").verdict is Verdict.NO_DATA
    assert compare(run(), gone).verdict is Verdict.NO_DATA
    missing = compare(run(), run(trial(1)))
    assert missing.verdict is Verdict.NO_DATA
    assert the(missing, "hit_rate").why == "the trial was not measured"


def test_a_trial_that_looks_nothing_up_has_no_hit_rate_to_lose() -> None:
    mute: dict[str, Any] = {"lookups": 0, "hits": 0, "hit_rate": None, "predicted": None}
    base = run(make_trial("locmem", 1, **mute), make_trial("locmem", 4, **mute))
    changes = compare(base, base)
    assert changes.verdict is Verdict.PASS
    assert {one.metric for one in changes.judged} == {"failed_requests"}


def test_a_trial_that_is_new_is_reported_and_judges_nothing() -> None:
    changes = compare(run(trial(1)), run())
    assert changes.verdict is Verdict.PASS
    assert the(changes, "hit_rate").why == "there was no such trial before"


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        (scenario(name="mine"), "scenario was hit-rate, is mine"),
        (scenario(seed=2), "seed was 1, is 2"),
        (scenario(load=Load(requests=2000)), "load.requests was 3000, is 2000"),
        (scenario(load=Load(requests=3000, users=4)), "load.users was 8, is 4"),
        (
            scenario(matrix=Matrix(backend=("locmem",), workers=(1, 8))),
            "matrix: gone are locmem, 4 workers",
        ),
        (
            scenario(matrix=Matrix(backend=("locmem",), workers=(1, 4, 8))),
            "matrix: new are locmem, 8 workers",
        ),
        (scenario(actions=(Action(at=0.5, do="reload"),)), "load.actions was []"),
    ],
)
def test_runs_of_different_things_are_incomparable(other: Scenario, difference: str) -> None:
    changes = compare(run(), run(of=other))
    assert changes.verdict is Verdict.INCOMPARABLE
    assert changes.changes == ()
    assert any(reported.startswith(difference) for reported in changes.differences)


def test_more_trials_of_the_same_trace_request_the_same_keys() -> None:
    other = scenario(matrix=Matrix(backend=("locmem",), workers=(1, 4, 8)))
    assert compare(run(), run(of=other)).differences == ("matrix: new are locmem, 8 workers",)


def test_another_order_of_the_keys_is_incomparable() -> None:
    base = run()
    other = replace(base, identity=replace(base.identity, trace="0123456789abcdef"))
    (difference,) = compare(base, other).differences
    assert "other keys, or in another order" in difference


def test_settings_of_the_server_and_the_cache_are_what_is_compared() -> None:
    other = run(of=scenario(cache=Cache(timeout_s=5), server=Server(keep_alive_s=0)))
    changes = compare(run(), other)
    assert changes.verdict is Verdict.PASS
    assert changes.settings == (
        "server.keep_alive_s was 2, is 0",
        "cache.timeout_s was 300, is 5",
    )
