"""Two recorded runs -> what became of each figure of each trial, and of them all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from harness.analysis.metrics import METRICS, NEITHER
from harness.analysis.summary import Figure
from harness.gate.change import Change, change_of, no_data, told
from harness.gate.identity import changed, differences, flat
from harness.gate.recorded import RunFigures, TrialFigures
from harness.verdicts import WORST_FIRST, Verdict

ALWAYS = ("hit_rate", "failed_requests")
"""Metrics that are compared where they are 0 in both runs, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Everything that differs between two runs.

    `differences` are what makes them incomparable; then there are no `changes`. `settings` differ
    on purpose, `environment_facts` say why times are not to be trusted.
    """

    base: str
    found: str
    differences: tuple[str, ...]
    settings: tuple[str, ...]
    environment_facts: tuple[str, ...]
    changes: tuple[Change, ...]

    @property
    def judged(self) -> tuple[Change, ...]:
        """Return the changes that decide."""
        return tuple(one for one in self.changes if one.verdict and not one.advisory)

    @property
    def verdict(self) -> Verdict:
        """Return the worst of the verdicts that decide; without one there is no data."""
        if self.differences:
            return Verdict.INCOMPARABLE
        found = {one.verdict for one in self.judged}
        return next((one for one in WORST_FIRST if one in found), Verdict.NO_DATA)


def compare(base: RunFigures, found: RunFigures) -> Changes:
    """Return what became of each figure of `base` in `found`."""
    apart = differences(base.identity, found.identity)
    environment_facts = tuple(changed(flat(base.environment), flat(found.environment)))
    return Changes(
        base=base.name,
        found=found.name,
        differences=apart,
        settings=tuple(changed(base.settings, found.settings)),
        environment_facts=environment_facts,
        changes=() if apart else tuple(_changes(base, found, same_machine=not environment_facts)),
    )


def _changes(base: RunFigures, found: RunFigures, *, same_machine: bool) -> Iterator[Change]:
    pairs = [(old, _same(old, found.trials)) for old in base.trials]
    figures = sum(
        1
        for old, new in pairs
        for name in old.figures
        if new and not METRICS[name].timed and old.figures[name].expected
    )
    for old, new in pairs:
        if new is None:
            yield no_data("hit_rate", old, None, "the trial was not measured")
            continue
        for name in _names(old, new):
            yield change_of(METRICS[name], old, new, figures, same_machine=same_machine)
    for new in found.trials:
        if _same(new, base.trials) is None:
            hits = new.figures.get("hit_rate", Figure())
            one = told(METRICS["hit_rate"], new, Figure(), hits)
            yield replace(one, why="there was no such trial before")


def _same(trial: TrialFigures, among: Sequence[TrialFigures]) -> TrialFigures | None:
    return next((other for other in among if other.setup == trial.setup), None)


def _names(old: TrialFigures, new: TrialFigures) -> list[str]:
    """Return the metrics to compare: those with a better way to go that are not nothing in both.

    Lookups that are unaccounted for make a run invalid, and are no change of it.
    """
    both = (old.figures, new.figures)
    return [
        name
        for name, metric in METRICS.items()
        if metric.better != NEITHER
        and name != "unaccounted"
        and any(_is_something(figures.get(name), also_zero=name in ALWAYS) for figures in both)
    ]


def _is_something(figure: Figure | None, *, also_zero: bool) -> bool:
    return figure is not None and bool(also_zero or figure.value or figure.expected)
