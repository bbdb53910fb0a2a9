"""What restarts lost: entries, misses next to their prediction, requests, and the way back."""

from collections.abc import Iterator, Sequence

from harness.analysis.restart import DIED, LEVELS, RECYCLED, WINDOWS_BEFORE
from harness.analysis.summary import Recovery, RestartSummary, TrialSummary
from harness.report.blocks import Block, Heading, Section, Table, Timeline
from harness.report.latency import trial_labels
from harness.text import (
    UNKNOWN,
    count,
    count_with_interval,
    duration,
    percent,
    points_with_interval,
)

RECYCLING_KEY = "server.max_requests"
CAPTION = (
    "Entries: live ones in the caches that ended, and how many different keys they were. Missed: "
    "lookups of a key that an ended cache held and would hold still. Net: all misses beyond those "
    "of a trial without the action; fewer, as the timeout or another worker would have brought "
    "some anyway. Predicted by the model, with 95 % intervals. Origin: its time spent again. "
    "Before: the hit rate of the last {before} requests; lowest, and requests until it was back "
    "to a share of it: in windows of {window} requests."
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

Lost = Sequence[tuple[TrialSummary, RestartSummary]]


def restarts_section(trials: Sequence[TrialSummary]) -> Section:
    """Return for each action what every trial lost by it, and how their hit rates went.

    Empty for a run without an action in which no worker died.
    """
    groups: dict[str, list[tuple[TrialSummary, RestartSummary]]] = {}
    for trial in trials:
        if trial.restart and trial.restart.do != RECYCLED:
            groups.setdefault(_title(trial, trial.restart), []).append((trial, trial.restart))
    if not groups:
        return []
    window = max(restart.window for lost in groups.values() for _, restart in lost)
    caption = CAPTION.format(window=count(window), before=count(WINDOWS_BEFORE * window))
    return [
        Heading("What restarts lost", caption),
        *(
            block
            for title, lost in groups.items()
            for block in (Heading(title, level=1), *_action(lost))
        ),
    ]


def recycling_section(trials: Sequence[TrialSummary]) -> Section:
    """Return hit rates by `max_requests`; empty where no worker was recycled."""
    if not any(trial.restart and trial.restart.do == RECYCLED for trial in trials):
        return []
    mine = [trial for trial in trials if _is_recycling(trial)]
    labels = trial_labels(mine, with_backend=len({trial.backend for trial in mine}) > 1)
    rows = [(label, _recycled(trial)) for label, trial in zip(labels, mine, strict=True)]
    return [Heading("Recycled workers", RECYCLING), Table(RECYCLING_HEADS, rows)]


def _title(trial: TrialSummary, restart: RestartSummary) -> str:
    if restart.do == DIED:
        return "workers that ended unexpectedly"
    return str(trial.varied.get("actions") or restart.do)


def _action(lost: Lost) -> Iterator[Block]:
    """Yield one action: figures in two tables, and below them a timeline for each trial."""
    labels = trial_labels([trial for trial, _ in lost])
    named = list(zip(labels, (restart for _, restart in lost), strict=True))
    yield Table(LOST, [(label, _lost(restart)) for label, restart in named])
    yield Table(BACK, [(label, _back(restart)) for label, restart in named])
    for label, restart in named:
        if restart.curve:
            yield Timeline(label, restart.curve, restart.step, restart.do)


def _lost(restart: RestartSummary) -> list[str]:
    against = restart.misses_vs_control
    net = restart.predicted if against is None else restart.predicted_vs_control
    return [
        count(restart.entries_lost),
        count(restart.keys_lost),
        count(restart.misses_by_cause),
        count_with_interval(restart.predicted_by_cause),
        count(against),
        count_with_interval(net),
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
        return "immediately"
    return f"{count(recovery.requests)} in {duration(recovery.seconds)}"


def _recycled(trial: TrialSummary) -> list[str]:
    restart = trial.restart
    return [
        percent(trial.hit_rate),
        points_with_interval(trial.predicted),
        count(restart.workers_ended if restart else 0),
        count(restart.entries_lost if restart else 0),
        count(restart.misses_by_cause if restart else 0),
        count_with_interval(restart.predicted_by_cause) if restart else "0",
    ]


def _is_recycling(trial: TrialSummary) -> bool:
    """Return whether a trial is part of the table: recycled, or its match without recycling."""
    if trial.restart:
        return trial.restart.do == RECYCLED
    return any(name.startswith(RECYCLING_KEY) for name in trial.varied)
