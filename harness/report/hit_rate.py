"""Hit rates by worker count, where the misses came from, and each worker by itself."""

from collections.abc import Mapping, Sequence
from operator import itemgetter

from harness.analysis.conclusions import axes, axis_words, series_of
from harness.analysis.summary import Cause, TrialSummary
from harness.report.blocks import Bars, Columns, Heading, Prose, Section, SideBySide, Workers
from harness.setup import Setup
from harness.text import UNKNOWN, count, number_of, percent, points_with_interval

HEADS = ("hit rate", "predicted", "req/s")
PREDICTED = (
    "predicted: what a model of the caches expects for the same requests, spread over the workers "
    "at random, with its 95 % interval"
)
BARS = "Each bar is all the lookups of one trial."
WORKERS = (
    "Each worker fills a cache of its own, from its share of the requests. Effective: how many "
    "equally busy workers would spread the requests as widely."
)
HIT = "hit"
MEANINGS: Mapping[str, str] = {
    HIT: "the cache that was asked had the answer",
    Cause.FIRST: "nobody had stored the key yet: any cache would miss it",
    Cause.FRAGMENTATION: "another worker had it, in memory that this one cannot see",
    Cause.RESTART: "an earlier worker had it, and it was lost when that worker ended",
    Cause.EXPIRED: "the stored answer had passed its timeout",
    Cause.EVICTED: "the cache was full and had dropped it",
    Cause.DELETED: "the app itself had removed it",
    Cause.UNEXPLAINED: "a replay of the requests says it should have been a hit",
}
"""What can become of a lookup, in the order in which bars show it."""

Place = tuple[int, int, int]
"""Number of the set-up, in the order of rows; workers; repetition."""


def hit_rate_section(trials: Sequence[TrialSummary]) -> Section:
    """Return the main table: a row per worker count, backends side by side."""
    if not trials:
        return []
    setups = _setups(trials)
    groups = _by_backend(trials, setups)
    words = [axis_words(setup, trials) for setup in setups]
    places = sorted({place for group in groups.values() for place in group})
    table = SideBySide(
        corner="workers",
        labels=[", ".join(filter(None, [count(place[1]), words[place[0]]])) for place in places],
        groups=[
            Columns(name, HEADS, [cells.get(one) for one in places])
            for name, cells in groups.items()
        ],
    )
    predicted = any(trial.predicted for trial in trials)
    return [table, Prose(PREDICTED, "quiet")] if predicted else [table]


def misses_section(trials: Sequence[TrialSummary]) -> Section:
    """Return a bar over all lookups of each trial; empty if nothing was looked up."""
    if not any(trial.lookups for trial in trials):
        return []
    shown = [name for name in MEANINGS if name == HIT or any(outcomes(t)[name] for t in trials)]
    return [
        Heading("Where the misses came from", BARS),
        Bars(
            meanings={name: MEANINGS[name] for name in shown},
            groups=[
                (
                    series.name,
                    [(number_of(one.workers, "worker"), outcomes(one)) for one in series.trials],
                )
                for series in series_of(trials)
            ],
        ),
    ]


def workers_section(trials: Sequence[TrialSummary]) -> Section:
    """Return the lives of every trial with one cache per worker; empty without one."""
    alone = [series for series in series_of(trials) if series.per_process]
    if not any(trial.lives for series in alone for trial in series.trials):
        return []
    return [
        Heading("Worker by worker", WORKERS),
        Workers(
            [
                (
                    series.name if len(alone) > 1 else "",
                    [
                        (number_of(t.workers, "worker"), _effective(t), t.lives)
                        for t in series.trials
                    ],
                )
                for series in alone
            ]
        ),
    ]


def outcomes(trial: TrialSummary) -> dict[str, int]:
    """Return the lookups of a trial by outcome: hits first, then misses by cause."""
    return {name: trial.hits if name == HIT else trial.misses.get(name, 0) for name in MEANINGS}


def _setups(trials: Sequence[TrialSummary]) -> list[Setup]:
    """Return what the trials were set up with but backend and workers, in the order of rows."""
    found = [axes(trial) for trial in trials]
    distinct = [one for place, one in enumerate(found) if one not in found[:place]]
    return sorted(distinct, key=itemgetter("worker_class", "servers", "threads"))


def _by_backend(
    trials: Sequence[TrialSummary], setups: Sequence[Setup]
) -> dict[str, dict[Place, tuple[str, str, str]]]:
    """Return the cells of each backend by row; a repeated trial gets a row of its own."""
    groups: dict[str, dict[Place, tuple[str, str, str]]] = {}
    for trial in trials:
        group = groups.setdefault(trial.backend, {})
        place = (setups.index(axes(trial)), trial.workers)
        group[(*place, sum(key[:2] == place for key in group))] = (
            percent(trial.hit_rate),
            points_with_interval(trial.predicted),
            count(trial.requests_per_second),
        )
    return groups


def _effective(trial: TrialSummary) -> str:
    known = trial.effective_workers
    return f"{UNKNOWN if known is None else format(known, '.2f')} effective"
