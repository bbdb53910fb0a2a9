"""Trials grouped for reading: those that differ in nothing but their number of workers.

Only names and order; no figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.analysis.summary import TrialSummary
from harness.backends import BACKENDS
from harness.report.figures import number_of
from harness.report.setups import varying, word

Axes = tuple[str, int, int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialSeries:
    """Trials of one backend and one kind of server, by rising number of workers."""

    name: str
    backend: str
    axes: Axes
    trials: tuple[TrialSummary, ...]

    @property
    def per_process(self) -> bool:
        """Whether each worker keeps a cache of its own."""
        return self.backend in BACKENDS and BACKENDS[self.backend].per_process


def series_of(trials: Sequence[TrialSummary]) -> tuple[TrialSeries, ...]:
    """Return the series of a run, in the order in which they first occur."""
    groups: dict[tuple[str, Axes], list[TrialSummary]] = {}
    for trial in trials:
        groups.setdefault((trial.backend, axes(trial)), []).append(trial)
    return tuple(
        TrialSeries(
            name=_name(backend, axis_words(axis, trials)),
            backend=backend,
            axes=axis,
            trials=tuple(sorted(group, key=lambda trial: trial.workers)),
        )
        for (backend, axis), group in groups.items()
    )


def _name(backend: str, words: Sequence[str]) -> str:
    return f"{backend} ({', '.join(words)})" if words else backend


def axes(trial: TrialSummary) -> Axes:
    """Return what may differ between trials apart from backend and workers."""
    varied = ", ".join(filter(None, (word(*item) for item in varying(trial).items())))
    return trial.server, trial.servers, trial.threads, varied


def axis_words(axis: Axes, trials: Sequence[TrialSummary]) -> list[str]:
    """Return words for those axes that differ anywhere in the run; none where all agree."""
    words = (axis[0], number_of(axis[1], "server"), number_of(axis[2], "thread"), axis[3])
    values = zip(*(axes(trial) for trial in trials), strict=True)
    varies = [len(set(column)) > 1 for column in values]
    return [told for told, varying in zip(words, varies, strict=True) if varying and told]


def named_trials(trials: Sequence[TrialSummary]) -> Iterator[tuple[str, TrialSummary]]:
    """Yield every trial with a name for use in a sentence: "locmem, 4 workers"."""
    for series in series_of(trials):
        for trial in series.trials:
            yield f"{series.name}, {number_of(trial.workers, 'worker')}", trial
