"""The course of the hit rate in windows, on courses that are known beforehand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from harness.analysis.prepared import prepared_trial
from harness.analysis.restart import course, curve, lowest, rate_before, recoveries
from harness.analysis.summary import Recovery
from harness.record.samples import Samples
from tests.factories import EPOCH_S, action_facts, facts_of, no_samples, samples

R, STEP, WINDOW = 600, 300, 20


def served(hit: npt.NDArray[np.bool_]) -> Samples:
    return samples(hit=hit)


def fallen(until: int, then: float = 0.0) -> npt.NDArray[np.bool_]:
    """Return hits everywhere but from `STEP` to `until`, where one lookup in this many hits."""
    hit = np.ones(R, np.bool_)
    hit[STEP:until] = np.arange(until - STEP) % 10 < 10 * then
    return hit


def reported(hit: npt.NDArray[np.bool_], **overrides: float) -> tuple[Recovery, ...]:
    trial = served(hit)
    action = action_facts("reload", STEP, **overrides)
    read = prepared_trial(facts_of(trial, actions=(action,)), trial)
    return recoveries(read, course(trial), rate_before(course(trial), STEP))


def test_a_window_is_a_thirtieth_of_the_trace_but_not_too_small() -> None:
    assert course(served(np.ones(R, np.bool_))).window == WINDOW
    assert course(served(np.ones(6000, np.bool_))).window == 200
    assert course(served(np.ones(7, np.bool_))).window == 7


def test_windows_stand_side_by_side_and_one_begins_at_the_action() -> None:
    found = curve(course(served(fallen(STEP + 20))), STEP + 5)
    steps = [step for step, _ in found]
    assert STEP + 5 in steps
    assert set(np.diff(steps)) == {WINDOW}
    assert all(0 <= step <= R - WINDOW for step in steps)


def test_the_rate_of_a_window_is_that_of_its_lookups() -> None:
    assert dict(curve(course(served(fallen(STEP + 10))), STEP))[STEP] == 0.5


def test_steps_without_a_lookup_leave_no_window() -> None:
    rows = np.arange(R)
    trial = samples(step=np.where(rows < 300, rows, rows + 100))
    assert not {step for step, _ in curve(course(trial), 0)} & set(range(300, 381))


def test_the_rate_before_is_that_of_the_last_windows() -> None:
    hit = np.ones(R, np.bool_)
    hit[STEP - 3 * WINDOW : STEP : 2] = False
    assert rate_before(course(served(hit)), STEP) == 0.5


def test_there_is_no_rate_before_the_first_request() -> None:
    assert rate_before(course(served(np.ones(R, np.bool_))), 0) is None


def test_the_lowest_window_is_looked_for_after_the_action() -> None:
    found = curve(course(served(fallen(STEP + 10))), STEP)
    assert lowest(found, STEP) == 0.5
    assert lowest(found, STEP + 1) == 1.0
    assert lowest((), 0) is None


def test_a_hit_rate_that_never_fell_is_back_immediately() -> None:
    assert [(one.requests, one.seconds) for one in reported(fallen(STEP))] == [(0, 0.0), (0, 0.0)]


def test_recovery_is_counted_to_the_first_window_that_is_good_enough() -> None:
    """All miss for 100 requests: a window may begin with 2 of them at 90 %, with 1 at 95 %."""
    ninety, ninety_five = reported(fallen(STEP + 100))
    assert (ninety.level, ninety.requests) == (0.90, 98)
    assert (ninety_five.level, ninety_five.requests) == (0.95, 99)
    assert ninety.seconds == pytest.approx(0.098, abs=0.001)


def test_a_hit_rate_that_does_not_come_back_has_no_recovery() -> None:
    assert [one.requests for one in reported(fallen(R))] == [None, None]
    assert [one.seconds for one in reported(fallen(R))] == [None, None]


def test_what_was_served_before_the_loss_is_no_recovery() -> None:
    """The action fires 50 requests before anything is lost, and the old rate goes on for them."""
    hit = fallen(STEP + 100)
    hit[STEP : STEP + 50] = True
    at_s = EPOCH_S + (STEP + 49.7) * 0.001
    assert reported(hit, started_s=at_s, ended_s=at_s)[0].requests == 98


def test_without_requests_there_is_nothing_to_tell() -> None:
    assert curve(course(no_samples()), 0) == ()
    assert rate_before(course(no_samples()), 0) is None
