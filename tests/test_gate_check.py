"""A check passes on what was measured and held, and on nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.errors import InfrastructureError, Problem
from harness.gate.check import broken, checked
from harness.gate.compare import Changes, compare
from harness.verdicts import Verdict
from tests.recorded import run, trial
from tests.summaries import judged, make_caveat, make_summary, make_trial


def changes(hits: int) -> Changes:
    return compare(run(), run(trial(1), trial(4, hits)))


@pytest.mark.parametrize(
    ("verdict", "code", "exit_code"),
    [("pass", "", 0), ("fail", "HX510", 5), ("no-data", "HX511", 4)],
)
def test_the_verdict_of_an_expectation_decides(verdict: str, code: str, exit_code: int) -> None:
    found = checked(make_summary(expectations=(judged(verdict=verdict),)))
    assert found.exit_code(fail_on_inconclusive=False) == exit_code
    assert [problem.code for problem in found.problems] == [code] * bool(code)


@pytest.mark.parametrize(
    ("hits", "code", "exit_codes"),
    [(2281, "", (0, 0)), (1900, "HX512", (5, 5)), (2220, "HX514", (0, 6)), (2500, "", (0, 0))],
)
def test_the_comparison_decides(hits: int, code: str, exit_codes: tuple[int, int]) -> None:
    found = checked(make_summary(), changes(hits))
    assert {problem.code for problem in found.problems} == ({code} if code else set())
    assert tuple(found.exit_code(fail_on_inconclusive=strict) for strict in (False, True)) == (
        exit_codes
    )


def test_a_loss_of_hits_is_reported_with_its_cause() -> None:
    problem = checked(make_summary(), changes(1900)).problems[0]
    assert problem.where == "hit_rate, locmem, 4 workers"
    assert problem.what.startswith("was 0.7603, is 0.6333 (up to 0.034 is no change)")
    assert problem.what.endswith("more misses.fragmentation")


def test_a_run_that_is_not_valid_is_nothing_to_judge() -> None:
    silent = make_trial("locmem", 4, caveats=(make_caveat("no-answer", "Nobody answered."),))
    found = checked(make_summary(silent, valid=False, expectations=(judged(verdict="fail"),)))
    assert found.exit_code(fail_on_inconclusive=False) == 4
    assert [problem.code for problem in found.problems] == ["HX401", "HX510"]


def test_an_empty_run_is_not_valid() -> None:
    found = checked(replace(make_summary(), trials=(), valid=False))
    assert found.exit_code(fail_on_inconclusive=False) == 4
    assert [problem.code for problem in found.problems] == ["HX405"]


def test_a_failure_weighs_more_than_what_is_not_known() -> None:
    both = (judged(verdict="no-data"), judged(verdict="fail"))
    assert checked(make_summary(expectations=both)).exit_code(fail_on_inconclusive=False) == 5


def test_a_baseline_with_nothing_to_compare_is_no_pass() -> None:
    nothing = replace(changes(2281), changes=())
    found = checked(make_summary(), nothing)
    assert found.exit_code(fail_on_inconclusive=False) == 4
    assert [problem.code for problem in found.problems] == ["HX513"]


def test_a_trial_that_was_not_measured_is_no_pass() -> None:
    found = checked(make_summary(), compare(run(), run(trial(1))))
    assert found.exit_code(fail_on_inconclusive=False) == 4
    assert [problem.code for problem in found.problems] == ["HX513"]


def test_what_ended_the_measurement_keeps_its_exit_code() -> None:
    error = InfrastructureError(Problem(code="HX302", where="redis", what="is not here"))
    found = broken("hit-rate", error)
    assert found.exit_code(fail_on_inconclusive=False) == 3
    assert found.count(Verdict.NO_DATA) == 1
