"""How losses, recoveries and recycling read, beyond what the golden files show."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.text import Text

from harness.analysis.conclusions import conclusions, named_trials
from harness.analysis.summary import Recovery, TrialSummary
from harness.report.restart import recycling_section, restarts_section
from harness.stats.interval import Interval
from tests.reporting import lines_of
from tests.summaries import (
    lossless_restart,
    make_restart,
    make_summary,
    make_trial,
    recycling_run,
    restart_run,
)


def text(lines: list[Text]) -> str:
    return "\n".join(line.plain for line in lines)


def shown(width: int = 120, **restart: object) -> str:
    trial = make_trial(restart=make_restart(**restart), varied={"actions": "reload at 0.5"})
    return text(lines_of(restarts_section([trial]), width))


def curve(rates: list[float], step: int | None = 0) -> list[str]:
    """Return the four rows of a curve without their scale, and the line of the mark."""
    reported = shown(curve=tuple(enumerate(rates)), step=step, do="reload").splitlines()
    begin = next(number for number, line in enumerate(reported) if "100 %" in line)
    return [line[len("  100 % ") :] for line in reported[begin : begin + 5]]


def test_a_run_without_restarts_has_no_such_block() -> None:
    assert lines_of(restarts_section(make_summary().trials), 80) == []
    assert lines_of(recycling_section(make_summary().trials), 80) == []


def test_recycling_is_reported_by_setting_and_not_by_action() -> None:
    trials = recycling_run().trials
    assert lines_of(restarts_section(trials), 80) == []
    assert "max_requests 200, jitter 50" in text(lines_of(recycling_section(trials), 80))


def test_recycled_trials_stand_beside_the_one_that_never_recycles() -> None:
    assert "max_requests 0 " in text(lines_of(recycling_section(recycling_run().trials), 80))


def test_each_action_has_its_title_once() -> None:
    reported = text(lines_of(restarts_section(restart_run().trials), 80)).splitlines()
    assert reported.count("  reload at 0.5") == 1
    assert reported.count("  kill-worker 1 at 0.97") == 1


def test_without_varied_actions_the_action_names_itself() -> None:
    trial = make_trial(restart=make_restart(do="scale"))
    assert "\n  scale\n" in text(lines_of(restarts_section([trial]), 80))


def test_workers_that_died_unasked_are_reported_as_such() -> None:
    trial = make_trial(restart=make_restart(do="died", step=None, recovery=()))
    reported = text(lines_of(restarts_section([trial]), 80))
    assert "workers that ended unexpectedly" in reported
    assert "▲" not in reported


def test_without_a_control_the_models_own_difference_is_shown() -> None:
    reported = shown(
        misses_vs_control=None,
        predicted_vs_control=None,
        predicted=Interval(value=77.7, low=70, high=85),
    )
    assert "-    78 (70-85)" in reported


def test_without_a_model_there_is_no_prediction() -> None:
    reported = shown(predicted_by_cause=None, predicted=None, predicted_vs_control=None)
    assert "360     -" in reported


def test_a_bound_below_zero_is_not_taken_for_a_dash() -> None:
    assert "0 (-3 to 2)" in shown(predicted_vs_control=Interval(value=-0.4, low=-3, high=2))


@pytest.mark.parametrize(
    ("requests", "seconds", "words"),
    [(469, 0.469, "469 in 469 ms"), (0, 0.0, "immediately"), (None, None, "not in this trace")],
)
def test_a_recovery_reads_as_what_it_is(
    requests: int | None, seconds: float | None, words: str
) -> None:
    recovery = (Recovery(level=0.90, requests=requests, seconds=seconds),)
    assert words in shown(recovery=recovery)


def test_a_curve_runs_from_none_to_all() -> None:
    assert curve([0.0, 0.25, 0.5, 1.0])[:4] == ["      ██", "      ██", "    ████", "  ██████"]


def test_a_curve_tells_thirds_of_a_row_apart() -> None:
    assert [row.strip() for row in curve([0.25 / 8, 0.26 / 2])[:4]] == ["", "", "", "▁▁▄▄"]


def test_the_mark_stands_below_the_window_of_the_action() -> None:
    assert curve([1.0, 1.0, 1.0], step=2)[4] == "    ▲ reload at request 2"


@pytest.mark.parametrize("width", [30, 60, 80, 200])
def test_a_trace_of_many_windows_still_fits(width: int) -> None:
    many = tuple((step, 0.5) for step in range(500))
    trial = make_trial(restart=make_restart(curve=many, step=499))
    lines = lines_of(restarts_section([trial]), width)
    below = [line.plain for line in lines if "▲" in line.plain or "█" in line.plain]
    assert max(map(len, below)) <= width


def test_labels_of_restarts_name_what_was_done() -> None:
    names = [name for name, _ in named_trials(restart_run().trials)]
    assert names[1:3] == ["redis (no action), 4 workers", "locmem (reload at 0.5), 4 workers"]


def test_the_lesson_starts_from_the_undisturbed_trial_and_names_each_loss() -> None:
    run = restart_run()
    reported = conclusions(replace(run, trials=run.trials[::-1]))
    assert "(no action)" in reported[0]
    assert (
        "With reload at 0.5, redis lost nothing, and locmem lost 1,516 cached answers, which caused"
        " 360 misses."
    ) in reported


def test_the_lesson_takes_the_trial_of_most_workers() -> None:
    def trial(workers: int, lost: int) -> TrialSummary:
        return make_trial(workers=workers, restart=make_restart(entries_lost=lost))

    reported = make_summary(trial(8, 77), trial(1, 5)).conclusions
    assert any("77 cached answers" in sentence for sentence in reported)
    assert not any(" 5 cached answers" in sentence for sentence in reported)


def test_a_loss_of_nothing_reads_so() -> None:
    (sentence,) = [
        one
        for one in make_summary(make_trial("redis", restart=lossless_restart())).conclusions
        if "nothing" in one
    ]
    assert sentence == "With reload, redis lost nothing."
