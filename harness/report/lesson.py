"""A few sentences that say what the numbers of this run show, and no more than they show."""

from __future__ import annotations

from collections.abc import Sequence

from harness.analysis.summary import Summary, TrialSummary
from harness.report.losses import loss_sentences
from harness.report.series import TrialSeries, series_of
from harness.text import count, number_of, percent, rounded_points

STEADY_POINTS = 0.5
"""Hit rates that stay within so many points are told as one."""
ONE_CACHE = 0.99
"""A shared replay that explains this share of the lookups shows that there is one cache."""


def lesson_sentences(summary: Summary) -> list[str]:
    """Return what happened per process, then beside it; empty if nothing was measured."""
    if not summary.valid:
        return ["This run is not valid, so no lesson is drawn from its numbers."]
    everything = series_of(summary.trials)
    others = [series for series in everything if not series.per_process]
    alone = max((one for one in everything if one.per_process), key=_richness, default=None)
    if alone is None:
        said = [_sentence(_telling(series, _nature(series))) for series in others]
        return [*said, *loss_sentences(summary.trials)]
    beside = [series for series in others if series.axes == alone.axes]
    told = "; ".join(_beside(series, alone) for series in beside)
    said = [_per_process(alone), *([_sentence(f"on the same requests, {told}")] if told else [])]
    return [*said, *loss_sentences(summary.trials)]


def _per_process(series: TrialSeries) -> str:
    measured = _measured(series)
    told = _telling(series)
    if not measured:
        return _sentence(told)
    busiest = measured[-1]
    at = f"with {number_of(busiest.workers, 'worker')}"
    at = "" if at == _span(series) else f"{at}, "
    return _sentence(f"{told}; {at}{_fragmentation(busiest)}")


def _beside(series: TrialSeries, other: TrialSeries) -> str:
    """Return what a series did, without its numbers of workers where `other` told the same."""
    told = _telling(series, _nature(series))
    span = _span(series)
    return told.removeprefix(f"{span}, ") if span == _span(other) else told


def _telling(series: TrialSeries, nature: str = "") -> str:
    """Return what the hit rate did from the smallest to the largest number of workers."""
    name, trials = series.name + nature, _measured(series)
    if not trials:
        return f"{name} answered no lookup, so its hit rate cannot be told"
    if trials[0].workers == trials[-1].workers:
        rates = " and ".join(dict.fromkeys(percent(trial.hit_rate) for trial in trials))
        return f"{_span(series)} (no other number was measured), the hit rate of {name} was {rates}"
    return f"{_span(series)}, the hit rate of {name} {_change(trials)}"


def _span(series: TrialSeries) -> str:
    """Return the numbers of workers that were measured; empty if none was."""
    workers = [trial.workers for trial in _measured(series)]
    if not workers:
        return ""
    first = number_of(workers[0], "worker")
    return f"with {first}" if workers[0] == workers[-1] else f"from {first} to {count(workers[-1])}"


def _change(trials: Sequence[TrialSummary]) -> str:
    """Return the course of a hit rate over several numbers of workers, in shown figures."""
    rates = [trial.hit_rate for trial in trials if trial.hit_rate is not None]
    shown = [rounded_points(rate) for rate in rates]
    low, high = percent(min(rates)), percent(max(rates))
    if max(shown) - min(shown) <= STEADY_POINTS:
        return f"stayed at {low}" if low == high else f"stayed between {low} and {high}"
    first, last = percent(rates[0]), percent(rates[-1])
    by = f"{abs(shown[-1] - shown[0]):.1f} points, from {first} to {last}"
    if first == last:
        return f"was {first} at both ends, and between {low} and {high} on the way"
    return f"{'fell' if shown[-1] < shown[0] else 'rose'} by {by}"


def _fragmentation(trial: TrialSummary) -> str:
    """Return how many of a trial's misses another worker could have answered."""
    misses, fragmented = trial.lookups - trial.hits, trial.misses.get("fragmentation", 0)
    if not misses:
        return "no lookup missed"
    if not fragmented:
        return f"none of its {count(misses)} misses was fragmentation"
    return (
        f"fragmentation made up {count(fragmented)} of the {count(misses)} misses, where another "
        "worker had the answer already"
    )


def _nature(series: TrialSeries) -> str:
    """Return that workers share one cache where the replays tell it, else nothing."""
    explained = [trial.explained for trial in series.trials if trial.explained]
    shared = all(one.shared >= ONE_CACHE for one in explained)
    told = any(one.shared > one.per_process for one in explained)
    return ", one cache for all workers," if shared and told else ""


def _richness(series: TrialSeries) -> tuple[int, bool]:
    """Return how many numbers of workers a series can tell about, and whether undisturbed."""
    measured = _measured(series)
    return len({trial.workers for trial in measured}), not any(one.restart for one in measured)


def _measured(series: TrialSeries) -> list[TrialSummary]:
    return [trial for trial in series.trials if trial.hit_rate is not None]


def _sentence(told: str) -> str:
    """Return a full sentence; a capital only for a word of ours, as names keep their case."""
    word = told.split(" ", 1)[0]
    return (word.capitalize() if word in ("from", "on", "with") else word) + told[len(word) :] + "."
