"""Two recorded runs -> what changed in each figure of each trial, with verdicts.

Counts decide, since they do not depend on the machine. Times of two runs are never a regression:
they drift by tens of percent from one job to the next.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

from harness.analysis.metrics import COMPUTED
from harness.analysis.summary import Figure
from harness.gate.baseline import RunFigures, TrialFigures, changed, differences, flat
from harness.metrics import METRICS, NEITHER, Metric
from harness.stats.interval import ROUNDING, Z_95
from harness.verdicts import Verdict, worst

ALPHA = 0.01
"""Chance that comparing two runs of the same thing calls any of their figures worse or better."""
ALWAYS = ("hit_rate", "failed_requests")
"""Metrics that are compared where they are 0 in both runs, too."""
CAUSES = "misses."
SHOWN_ONLY = ("entries_lost",)
"""Never judged, like the causes of misses: what they cost is judged in other figures."""
HITS = ("hit_rate", "origin_per_request")
NOT_BY_CHANCE = ("failed_requests",)
"""Metrics without a prediction in which no change is expected all the same."""
UNKNOWN_MARGIN, TIMES_MARGIN = 0.05, 0.25
"""Relative changes that may be chance, where its effect is unknown and in times of two jobs."""
MINOR_CAUSE = 0.2
"""A cause of a smaller part of a loss is not named."""
MISSED = 0.01
"""By how much a figure may miss a prediction without spread, relative if that is above 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Margins:
    """How large a change chance alone may explain.

    `warn` is exceeded in 5 % of comparisons of one figure with no change, `fail` in ALPHA of the
    comparisons of all figures together. Both 0: nothing is left to chance.
    """

    warn: float = 0.0
    fail: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One figure of one trial in both runs; `found` is the one that is judged.

    `verdict` None: only shown. `advisory`: it cannot fail a gate. `allowed` is the difference up to
    which nothing has changed, None where that is not known. `causes` are the metrics that a loss of
    hits comes from, the largest first.
    """

    metric: str
    trial: str
    base: float | None
    found: float | None
    allowed: float | None = None
    verdict: Verdict | None = None
    advisory: bool = False
    why: str = ""
    causes: tuple[str, ...] = ()


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
        return worst(one.verdict for one in self.judged if one.verdict)


def compare(base: RunFigures, found: RunFigures) -> Changes:
    """Return what changed in each figure of `base` in `found`."""
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
            yield Change(
                metric="hit_rate",
                trial=old.name,
                base=None,
                found=None,
                verdict=Verdict.NO_DATA,
                why="the trial was not measured",
            )
            continue
        for name in _names(old, new):
            yield _change(METRICS[name], old, new, figures, same_machine=same_machine)
    for new in found.trials:
        if _same(new, base.trials) is None:
            yield Change(
                metric="hit_rate",
                trial=new.name,
                base=None,
                found=new.figures.get("hit_rate", Figure()).value,
                advisory=True,
                why="there was no such trial before",
            )


def _same(trial: TrialFigures, among: Sequence[TrialFigures]) -> TrialFigures | None:
    return next((other for other in among if other.setup == trial.setup), None)


def _names(old: TrialFigures, new: TrialFigures) -> list[str]:
    """Return the metrics to compare: those with a better direction that are not 0 in both.

    Lookups that are unaccounted for make a run invalid, and are no change of it.
    """
    return [
        name
        for name in COMPUTED
        if METRICS[name].better != NEITHER
        and name != "unaccounted"
        and any(
            figure and (name in ALWAYS or figure.value or figure.expected)
            for figure in (old.figures.get(name), new.figures.get(name))
        )
    ]


def _change(
    metric: Metric, old: TrialFigures, new: TrialFigures, figures: int, *, same_machine: bool
) -> Change:
    """Return what changed in a metric, one of `figures` that chance has a part in."""
    name = metric.name
    before, after = old.figures.get(name, Figure()), new.figures.get(name, Figure())
    shown = Change(metric=name, trial=old.name, base=before.value, found=after.value, advisory=True)
    if metric.timed:
        return _timed(metric, shown, same_machine=same_machine)
    if name.startswith(CAUSES) or name in SHOWN_ONLY:
        return shown
    if after.value is None:
        return replace(shown, verdict=Verdict.NO_DATA, advisory=False, why="it was not measured")
    if before.value is None:
        return replace(shown, why="new")
    margins = (
        Margins()
        if old.settled and new.settled and name in HITS
        else _margins(metric, before, after, figures)
    )
    verdict, why = _verdict(metric, before.value, after.value, margins)
    return replace(
        shown,
        allowed=margins.fail if margins else None,
        verdict=verdict,
        advisory=False,
        why=why,
        causes=_causes(old, new)
        if verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE) and name in HITS
        else (),
    )


def _timed(metric: Metric, shown: Change, *, same_machine: bool) -> Change:
    """Return a change of a time, which is never a regression."""
    if shown.base is None or shown.found is None:
        return shown
    if not same_machine:
        return replace(shown, why="another machine or other versions")
    if metric.worsening(shown.base, shown.found) <= TIMES_MARGIN * abs(shown.base):
        return replace(shown, verdict=Verdict.PASS)
    return replace(
        shown,
        verdict=Verdict.INCONCLUSIVE,
        why="times of two jobs drift by as much: compare both in one duel",
    )


def _margins(metric: Metric, before: Figure, after: Figure, figures: int) -> Margins | None:
    """Return the margins, minimum effect size included; None where those of chance are unknown."""
    if _without_chance(before, after):
        return Margins()
    least = metric.least(before.value or 0.0)
    if metric.name in NOT_BY_CHANCE:
        return Margins(warn=least, fail=least)
    chance = _chance(before, after, figures)
    return chance and Margins(warn=max(chance.warn, least), fail=chance.fail + least)


def _chance(before: Figure, after: Figure, figures: int) -> Margins | None:
    """Return the margins of chance among this many figures (Bonferroni); None if unknown.

    The prediction of each run holds 95 % of what random routing makes of it. Both runs were drawn,
    so their difference spreads by the root of the sum of both variances.
    """
    spreads = [_spread(before), _spread(after)]
    if None in spreads:
        return None
    spread = math.hypot(*(one for one in spreads if one is not None))
    limit = NormalDist().inv_cdf(1 - ALPHA / (2 * max(figures, 1)))
    return Margins(warn=Z_95 * spread, fail=limit * spread)


def _without_chance(before: Figure, after: Figure) -> bool:
    """Return whether both predictions are one number without spread, and `before` is it."""
    one, other = before.expected, after.expected
    if one is None or other is None:
        return False
    return one.low == one.high == other.low == other.high and _misses_by(before) <= ROUNDING


def _spread(figure: Figure) -> float | None:
    """Return the standard deviation behind a predicted interval.

    A prediction without spread that is missed all the same knows nothing of chance: None.
    """
    expected = figure.expected
    if expected is None or (expected.low == expected.high and _misses_by(figure) > MISSED):
        return None
    return (expected.high - expected.low) / (2 * Z_95)


def _misses_by(figure: Figure) -> float:
    """Return how far a figure lies from the mean of its prediction, relative if that is above 1."""
    if figure.expected is None or figure.value is None:
        return 0.0
    mean = figure.expected.value
    return abs(figure.value - mean) / max(1.0, abs(mean))


def _verdict(
    metric: Metric, before: float, after: float, margins: Margins | None
) -> tuple[Verdict, str]:
    """Return the verdict on a change, and its reason unless it passes."""
    worse = metric.worsening(before, after)
    room = ROUNDING * max(1.0, abs(before))
    warn, fail = (margins.warn, margins.fail) if margins else (UNKNOWN_MARGIN * abs(before),) * 2
    if worse < -fail - room:
        return Verdict.IMPROVED, ""
    if margins is None and worse > fail + room:
        return Verdict.INCONCLUSIVE, "how much chance alone may change is not known"
    if worse > fail + room:
        return Verdict.FAIL, "" if fail else "nothing is left to chance here"
    if worse > warn + room:
        return Verdict.INCONCLUSIVE, "it may be chance; more requests would decide"
    return Verdict.PASS, ""


def _causes(old: TrialFigures, new: TrialFigures) -> tuple[str, ...]:
    """Return the causes by which there are more misses now, the one that grew most first."""
    growth = {
        name: (found.value or 0.0) - (old.figures.get(name, Figure()).value or 0.0)
        for name, found in new.figures.items()
        if name.startswith(CAUSES)
    }
    total = sum(amount for amount in growth.values() if amount > 0)
    return tuple(
        name
        for name in sorted(growth, key=lambda name: -growth[name])
        if growth[name] > MINOR_CAUSE * total
    )
