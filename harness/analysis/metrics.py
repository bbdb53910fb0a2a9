"""What computes each metric of a trial: a name of `harness.metrics` -> a function of its summary.

A new one is a row there and a function here; a measure, which sees the trial itself, is one in the
MEASURES of its subject. `value None` in a figure says that the trial has none.
"""

from collections.abc import Callable, Mapping
from functools import partial

from harness.analysis.measures import concurrency, consistency, lookups, memory, pages
from harness.analysis.measures.measure import Measure
from harness.analysis.summary import Cause, Figure, TrialSummary
from harness.stats.interval import Interval

MEASURES: Mapping[str, Measure] = {
    measure.name: measure
    for subject in (concurrency, memory, lookups, pages, consistency)
    for measure in subject.MEASURES
}


def figure(trial: TrialSummary, name: str) -> Figure:
    """Return a metric of one trial by its name. Raises KeyError for one that no trial has."""
    return COMPUTED[name](trial)


def _hit_rate(trial: TrialSummary) -> Figure:
    found = trial.predicted
    expected = Interval(value=found.value, low=found.low, high=found.high) if found else None
    return Figure(value=trial.hit_rate, expected=expected)


def _misses(cause: Cause, trial: TrialSummary) -> Figure:
    return Figure(value=trial.misses.get(cause, 0) / trial.lookups if trial.lookups else None)


def _explained(cache: str, trial: TrialSummary) -> Figure:
    return Figure(value=getattr(trial.explained, cache) if trial.explained else None)


def _field(name: str, trial: TrialSummary) -> Figure:
    return Figure(value=getattr(trial, name))


def _failures(trial: TrialSummary) -> Figure:
    return Figure(value=trial.failures / trial.requests if trial.requests else None)


def _origin_per_request(trial: TrialSummary) -> Figure:
    if not trial.requests:
        return Figure()
    rate, each = _hit_rate(trial).expected, trial.lookups / trial.requests
    value = (trial.lookups - trial.hits) / trial.requests
    if rate is None:
        return Figure(value=value)
    mean, low, high = ((1 - one) * each for one in (rate.value, rate.high, rate.low))
    return Figure(value=value, expected=Interval(value=mean, low=low, high=high))


def _unaccounted(trial: TrialSummary) -> Figure:
    accounted = trial.accounted
    return Figure(value=float(accounted.tallies - accounted.samples - accounted.lost))


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


COMPUTED: Mapping[str, Callable[[TrialSummary], Figure]] = {
    "hit_rate": _hit_rate,
    **{f"misses.{cause}": partial(_misses, cause) for cause in Cause},
    "origin_per_request": _origin_per_request,
    "explained.per_process": partial(_explained, "per_process"),
    "explained.shared": partial(_explained, "shared"),
    "effective_workers": partial(_field, "effective_workers"),
    "failed_requests": _failures,
    "unaccounted": _unaccounted,
    "entries_lost": _entries_lost,
    "restart_misses": _restart_misses,
    "requests_per_second": partial(_field, "requests_per_second"),
    **{
        f"{part}_{quantile}_s": partial(_latency, part, quantile)
        for part in ("request", "lookup")
        for quantile in ("mean", "p50", "p99")
    },
    **{name: partial(_measure, name) for name in MEASURES},
}
"""Every metric that a trial has, and so every one that an expectation may name."""
