"""Trials grouped for reading: those that differ in nothing but their number of workers.

Only names and order; no figures.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from harness.analysis.summary import TrialSummary
from harness.setup import Setup
from harness.text import number_of

T = TypeVar("T")
K = TypeVar("K")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialSeries:
    """Trials of one backend and one kind of server, by rising number of workers."""

    name: str
    backend: str
    axes: Setup
    trials: tuple[TrialSummary, ...]

    @property
    def per_process(self) -> bool:
        """Return whether each worker was found to keep a cache of its own."""
        return any(trial.per_process for trial in self.trials)


def grouped(trials: Iterable[T], key: Callable[[T], K]) -> list[tuple[K, list[T]]]:
    """Return the trials with equal keys together, in the order of the first of each group."""
    groups: list[tuple[K, list[T]]] = []
    for trial in trials:
        own = key(trial)
        group = next((group for known, group in groups if known == own), [])
        if not group:
            groups.append((own, group))
        group.append(trial)
    return groups


def series_of(trials: Sequence[TrialSummary]) -> tuple[TrialSeries, ...]:
    """Return the series of a run, in the order in which they first occur."""
    return tuple(
        TrialSeries(
            name=_name(group[0], trials),
            backend=group[0].backend,
            axes=axes(group[0]),
            trials=tuple(sorted(group, key=lambda trial: trial.workers)),
        )
        for _, group in grouped(trials, lambda trial: trial.setup.without("workers"))
    )


def _name(trial: TrialSummary, trials: Sequence[TrialSummary]) -> str:
    words = axis_words(axes(trial), trials)
    return f"{trial.backend} ({words})" if words else trial.backend


def axes(trial: TrialSummary) -> Setup:
    """Return what may differ between trials apart from backend and workers."""
    return trial.setup.without("backend", "workers")


def axis_words(axis: Setup, trials: Sequence[TrialSummary]) -> str:
    """Return words for those axes that differ anywhere in the run; "" where all agree."""
    return axis.words([axes(trial) for trial in trials])


def named_trials(trials: Sequence[TrialSummary]) -> Iterator[tuple[str, TrialSummary]]:
    """Yield every trial with a name for use in a sentence: "locmem, 4 workers"."""
    for series in series_of(trials):
        for trial in series.trials:
            yield f"{series.name}, {number_of(trial.workers, 'worker')}", trial
