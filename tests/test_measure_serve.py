"""Without options, a person is shown the trial in which there is something to see."""

from __future__ import annotations

from harness.measure.serve import trial_to_see
from harness.scenario.load import find_scenario, load_plan


def test_the_trial_in_which_the_fault_is_expected_is_served() -> None:
    trial = trial_to_see(*load_plan(find_scenario("throttle")))
    assert (trial.backend, trial.workers) == ("locmem", 4)


def test_an_option_that_leaves_no_such_trial_is_served_all_the_same() -> None:
    path = find_scenario("throttle")
    trial = trial_to_see(*load_plan(path, {"matrix.workers": ([2], "--workers")}))
    assert (trial.backend, trial.workers) == ("locmem", 2)
