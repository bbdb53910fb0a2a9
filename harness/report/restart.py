"""What restarts lost: entries, misses beside their prediction, requests, and the way back."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from harness.analysis.recovery import LEVELS, WINDOWS_BEFORE
from harness.analysis.summary import Prediction, Recovery, RestartSummary, TrialSummary
from harness.report.grid import Row, render_grid
from harness.report.layout import HEADING, Lines, heading, prose
from harness.report.timeline import render_courses
from harness.stats.interval import Interval
from harness.text import UNKNOWN, count, duration, percent, points

RECYCLED, DIED = "max-requests", "died"
RECYCLING_KEY = "server.max_requests"
CAPTION = (
    "Entries: live ones in the caches that ended, and how many different keys they were. Missed: "
    "lookups of a key that an ended cache held and would hold still. Net: all misses beyond those "
    "of a trial without the action; fewer, as the timeout or another worker would have brought "
    "some anyway. Predicted by the model, with 95 % intervals. Origin: its time spent again. "
    "Before: the hit rate of the last {before} requests; lowest, and requests until it was back "
    "to so much of it: in windows of {window} requests."
)
LOST = ("entries", "keys", "missed", "predicted", "net", "predicted", "origin")
BACK = ("failed", "in flight", "before", "lowest", *(f"to {100 * level:.0f} %" for level in LEVELS))
RECYCLING = (
    "Gunicorn replaces a worker after max_requests requests, and each new one begins with an empty "
    "cache. Missed: lookups of a key that a replaced worker held and would hold still. Predicted "
    "for workers that come and go when these did, with 95 % intervals."
)
RECYCLING_HEADS = (
    "hit rate",
    "predicted",
    "replaced",
    "entries lost",
    "missed",
    "predicted",
)

Told = list[tuple[TrialSummary, RestartSummary]]


def render_restarts(trials: Sequence[TrialSummary], width: int) -> Lines:
    """Return for each action what every trial lost by it, and the course of their hit rates.

    No line for a run without an action in which no worker died.
    """
    groups: dict[str, Told] = {}
    for trial in trials:
        if trial.restart and trial.restart.do != RECYCLED:
            groups.setdefault(_title(trial, trial.restart), []).append((trial, trial.restart))
    if not groups:
        return []
    window = max(restart.window for told in groups.values() for _, restart in told)
    caption = CAPTION.format(window=count(window), before=count(WINDOWS_BEFORE * window))
    lines = heading("What restarts lost", caption, width)
    for title, told in groups.items():
        lines += [Text(), *prose(title, width, style=HEADING), *_action(told, width)]
    return lines


def render_recycling(trials: Sequence[TrialSummary], width: int) -> Lines:
    """Return hit rates by `max_requests`; no line where no worker was recycled."""
    if not any(trial.restart and trial.restart.do == RECYCLED for trial in trials):
        return []
    mine = [trial for trial in trials if _is_recycling(trial)]
    several = len({trial.backend for trial in mine}) > 1
    labels = _labels(mine, with_backend=several)
    rows = [(label, _recycled(trial)) for label, trial in zip(labels, mine, strict=True)]
    lines = heading("Recycled workers", RECYCLING, width)
    return lines + render_grid(RECYCLING_HEADS, rows, width)


def _title(trial: TrialSummary, restart: RestartSummary) -> str:
    if restart.do == DIED:
        return "workers that ended unasked"
    return str(trial.varied.get("actions") or restart.do)


def _action(told: Told, width: int) -> Lines:
    """Return one action: figures in two tables, and below them a curve for each trial."""
    labels = _labels([trial for trial, _ in told])
    named = list(zip(labels, (restart for _, restart in told), strict=True))
    lost: list[Row] = [(label, _lost(restart)) for label, restart in named]
    back: list[Row] = [(label, _back(restart)) for label, restart in named]
    return [
        *render_grid(LOST, lost, width),
        *render_grid(BACK, back, width),
        *render_courses(named, width),
    ]


def _labels(trials: Sequence[TrialSummary], *, with_backend: bool = True) -> list[str]:
    """Return a name for each of these trials, by what tells them apart."""
    setups = [trial.setup.without("backend") for trial in trials]
    return [
        ", ".join(filter(None, [trial.backend * with_backend, setup.words(setups)]))
        for trial, setup in zip(trials, setups, strict=True)
    ]


def _lost(restart: RestartSummary) -> list[str]:
    against = restart.misses_vs_control
    net = restart.predicted if against is None else restart.predicted_vs_control
    return [
        count(restart.entries_lost),
        count(restart.keys_lost),
        count(restart.misses_by_cause),
        _expected(restart.predicted_by_cause),
        count(against),
        _expected(net),
        duration(restart.origin_s_again) if restart.origin_s_again else "0",
    ]


def _back(restart: RestartSummary) -> list[str]:
    known = {recovery.level: recovery for recovery in restart.recovery}
    return [
        count(restart.requests_failed),
        count(restart.requests_lost_in_flight),
        percent(restart.hit_rate_before),
        percent(restart.hit_rate_dip),
        *(_recovery(known.get(level)) for level in LEVELS),
    ]


def _recovery(recovery: Recovery | None) -> str:
    """Return "482 requests, 0.48 s", or that it never fell below, or was never back."""
    if recovery is None:
        return UNKNOWN
    if recovery.requests is None or recovery.seconds is None:
        return "not in this trace"
    if not recovery.requests:
        return "at once"
    return f"{count(recovery.requests)} in {duration(recovery.seconds)}"


def _recycled(trial: TrialSummary) -> list[str]:
    restart = trial.restart
    return [
        percent(trial.hit_rate),
        _prediction(trial.predicted),
        count(restart.workers_ended if restart else 0),
        count(restart.entries_lost if restart else 0),
        count(restart.misses_by_cause if restart else 0),
        _expected(restart.predicted_by_cause) if restart else "0",
    ]


def _is_recycling(trial: TrialSummary) -> bool:
    """Return whether a trial is part of the table: recycled, or its match without recycling."""
    if trial.restart:
        return trial.restart.do == RECYCLED
    return any(name.startswith(RECYCLING_KEY) for name in trial.varied)


def _expected(expected: Interval | None) -> str:
    if expected is None:
        return UNKNOWN
    low, high = (count(bound + 0.0) for bound in (round(expected.low), round(expected.high)))
    between = " to " if expected.low < 0 else "-"
    return f"{count(round(expected.value) + 0.0)} ({low}{between}{high})"


def _prediction(predicted: Prediction | None) -> str:
    if predicted is None:
        return UNKNOWN
    return f"{points(predicted.value)} ({points(predicted.low)}-{points(predicted.high)})"
