"""Every number that expectations and comparisons may name, with its unit and which way is better.

Knows summaries alone. `value None` in a figure says that the trial cannot tell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from harness.analysis.measures.table import MEASURES
from harness.analysis.summary import Cause, Figure, TrialSummary
from harness.stats.interval import Interval

HIGHER, LOWER, NEITHER = "higher", "lower", ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A number of a trial. `timed` ones depend on the machine, all others are counts.

    Units: "share" (0..1), "count", "factor", "s", "per_second", "bytes".
    """

    name: str
    unit: str
    better: str
    meaning: str
    of: Callable[[TrialSummary], Figure]
    timed: bool = False


def figure(trial: TrialSummary, name: str) -> Figure:
    """Return a metric of one trial by its name. Raises KeyError for a name that there is not."""
    return METRICS[name].of(trial)


def _hit_rate(trial: TrialSummary) -> Figure:
    found = trial.predicted
    expected = Interval(value=found.value, low=found.low, high=found.high) if found else None
    return Figure(value=trial.hit_rate, expected=expected)


def _misses(cause: Cause, trial: TrialSummary) -> Figure:
    return Figure(value=_per_lookup(trial, trial.misses.get(cause, 0)))


def _per_lookup(trial: TrialSummary, count: float) -> float | None:
    return count / trial.lookups if trial.lookups else None


def _explained(kind: str, trial: TrialSummary) -> Figure:
    return Figure(value=getattr(trial.explained, kind) if trial.explained else None)


def _plain(name: str, trial: TrialSummary) -> Figure:
    return Figure(value=getattr(trial, name))


def _failures(trial: TrialSummary) -> Figure:
    return Figure(value=trial.failures / trial.requests if trial.requests else None)


def _origin_per_request(trial: TrialSummary) -> Figure:
    if not trial.requests:
        return Figure()
    found, each = trial.predicted, trial.lookups / trial.requests
    value = (trial.lookups - trial.hits) / trial.requests
    if found is None:
        return Figure(value=value)
    mean, low, high = ((1 - rate) * each for rate in (found.value, found.high, found.low))
    return Figure(value=value, expected=Interval(value=mean, low=low, high=high))


def _unaccounted(trial: TrialSummary) -> Figure:
    books = trial.accounted
    return Figure(value=float(books.tallies - books.samples - books.lost))


def _entries_lost(trial: TrialSummary) -> Figure:
    return Figure(value=trial.restart.entries_lost if trial.restart else 0.0)


def _restart_misses(trial: TrialSummary) -> Figure:
    if trial.restart is None:
        return Figure(value=0.0)
    return Figure(value=trial.restart.misses_by_cause, expected=trial.restart.predicted_by_cause)


def _latency(part: str, quantile: str, trial: TrialSummary) -> Figure:
    times = getattr(trial.latency, part).all if trial.latency else None
    if times is None:
        return Figure()
    found = times.mean_s if quantile == "mean" else times.quantiles_s.get(quantile)
    return Figure(value=found.value if found else None)


def _measure(name: str, trial: TrialSummary) -> Figure:
    return trial.measures.get(name, Figure())


def _misses_by_cause() -> list[Metric]:
    return [
        Metric(
            name=f"misses.{cause}",
            unit="share",
            better=LOWER,
            meaning=f"share of the lookups that missed by the cause {cause}",
            of=partial(_misses, cause),
        )
        for cause in Cause
    ]


def _latencies() -> list[Metric]:
    return [
        Metric(
            name=f"{part}_{quantile}_s",
            unit="s",
            better=LOWER,
            meaning=f"{quantile} of the time of a {part}",
            of=partial(_latency, part, quantile),
            timed=True,
        )
        for part in ("request", "lookup")
        for quantile in ("mean", "p50", "p99")
    ]


def _measures() -> list[Metric]:
    return [
        Metric(
            name=one.name,
            unit=one.unit,
            better=one.better,
            meaning=one.meaning,
            of=partial(_measure, one.name),
            timed=one.timed or one.unit in ("s", "per_second"),
        )
        for one in MEASURES.values()
    ]


_ALL = (
    Metric(
        name="hit_rate",
        unit="share",
        better=HIGHER,
        meaning="hits over lookups",
        of=_hit_rate,
    ),
    *_misses_by_cause(),
    Metric(
        name="origin_per_request",
        unit="factor",
        better=LOWER,
        meaning="misses, each of which asks the origin, over requests",
        of=_origin_per_request,
    ),
    Metric(
        name="explained.per_process",
        unit="share",
        better=NEITHER,
        meaning="share of the lookups that a replay with one cache per process gets right",
        of=partial(_explained, "per_process"),
    ),
    Metric(
        name="explained.shared",
        unit="share",
        better=NEITHER,
        meaning="share of the lookups that a replay with one shared cache gets right",
        of=partial(_explained, "shared"),
    ),
    Metric(
        name="effective_workers",
        unit="count",
        better=NEITHER,
        meaning="1 / sum of squared shares of the workers",
        of=partial(_plain, "effective_workers"),
    ),
    Metric(
        name="failed_requests",
        unit="share",
        better=LOWER,
        meaning="requests that failed over requests",
        of=_failures,
    ),
    Metric(
        name="unaccounted",
        unit="count",
        better=LOWER,
        meaning="lookups that a worker counted and nothing explains",
        of=_unaccounted,
    ),
    Metric(
        name="entries_lost",
        unit="count",
        better=LOWER,
        meaning="live entries that went down with what was restarted",
        of=_entries_lost,
    ),
    Metric(
        name="restart_misses",
        unit="count",
        better=LOWER,
        meaning="misses that would not have been without the restart",
        of=_restart_misses,
    ),
    Metric(
        name="requests_per_second",
        unit="per_second",
        better=HIGHER,
        meaning="answered requests per second",
        of=partial(_plain, "requests_per_second"),
        timed=True,
    ),
    *_latencies(),
    *_measures(),
)

METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _ALL}
