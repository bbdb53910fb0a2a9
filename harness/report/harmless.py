"""Whether a cache per process does harm, told by what a lookup costs with it and without."""

from __future__ import annotations

from collections.abc import Sequence

from harness.analysis.metrics import figure
from harness.analysis.summary import Summary, TrialSummary
from harness.report.series import TrialSeries, axis_words, series_of
from harness.text import duration, number_of, percent

COST = "lookup_cost_s"
CLEARLY_LESS = 0.8
"""Costs of two backends that lie closer together are no reason to choose one."""


def harmless_sentences(summary: Summary) -> list[str]:
    """Return a sentence for each trial with a cache per process and its fellow with a shared one.

    Empty for a scenario that does not ask for the cost of a lookup.
    """
    if COST not in summary.evidence:
        return []
    everything = series_of(summary.trials)
    return [
        _sentence(trial, fellow, summary.trials, own)
        for own in everything
        if own.per_process
        for other in everything
        if not other.per_process and other.axes == own.axes
        for trial in own.trials
        for fellow in other.trials
        if fellow.workers == trial.workers
    ]


def _sentence(
    own: TrialSummary, other: TrialSummary, trials: Sequence[TrialSummary], series: TrialSeries
) -> str:
    mine, theirs = figure(own, COST).value, figure(other, COST).value
    words = [number_of(own.workers, "worker"), axis_words(series.axes, trials)]
    where = ", ".join(filter(None, words))
    if mine is None or theirs is None:
        return f"With {where} the cost of a lookup cannot be told."
    verdict = "Harmless here" if mine <= CLEARLY_LESS * theirs else "Nothing gained here"
    return (
        f"{verdict}: with {where} a lookup took {duration(mine)} with {own.backend} and"
        f" {duration(theirs)} with {other.backend}, misses included, at hit rates of"
        f" {percent(own.hit_rate)} and {percent(other.hit_rate)}."
    )
