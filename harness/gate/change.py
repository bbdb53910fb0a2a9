"""One figure in two runs of a trial -> what became of it, with a verdict.

Counts decide, since they do not depend on the machine. Times of two runs are never a regression:
they drift by tens of percent from one job to the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from harness.analysis.metrics import HIGHER, Metric
from harness.analysis.summary import Figure
from harness.gate.bounds import ROUNDING
from harness.gate.margins import Margins, chance_of, without_chance
from harness.gate.recorded import TrialFigures
from harness.verdicts import Verdict

SHARE_FLOOR, RELATIVE_FLOOR = 0.01, 0.01
"""Where chance plays a part, a change up to this is of no weight; of hits and shares as it is."""
FAILURES_FLOOR = 0.001
UNKNOWN_FLOOR = 0.05  # relative, where nothing is known of what chance does
TIMED_FLOOR = 0.25  # relative
CAUSES = "misses."
TOLD = ("entries_lost",)
"""Told, never judged, like the causes of misses: what they cost is judged in other figures."""
HITS = ("hit_rate", "origin_per_request")
FEW = 0.2  # of a loss; a cause of less is not named


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One figure of one trial in both runs; `found` is the one that is judged.

    `verdict` None: only told. `advisory`: it cannot fail a gate. `allowed` is the difference up to
    which nothing has changed, None where that is not known. `causes` are the metrics that a loss of
    hits comes from, the largest first.
    """

    metric: str
    trial: str
    base: float | None
    found: float | None
    allowed: float | None
    verdict: Verdict | None
    advisory: bool = False
    why: str = ""
    causes: tuple[str, ...] = ()


def change_of(
    metric: Metric, old: TrialFigures, new: TrialFigures, figures: int, *, same_machine: bool
) -> Change:
    """Return what became of a metric, one of so many `figures` that chance has a part in."""
    name = metric.name
    before, after = old.figures.get(name, Figure()), new.figures.get(name, Figure())
    if metric.timed:
        return _timed(metric, old, before, after, same_machine=same_machine)
    if name.startswith(CAUSES) or name in TOLD:
        return told(metric, old, before, after)
    if after.value is None:
        return no_data(name, old, before.value, "it could not be told")
    if before.value is None:
        return replace(told(metric, old, before, after), why="new")
    settled = old.settled and new.settled and name in HITS
    chance = Margins() if settled else _chance(metric, before, after, figures)
    change = _judged(metric, old, before.value, after.value, chance)
    doubted = change.verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE)
    return replace(change, causes=_causes(old, new)) if doubted and name in HITS else change


def _chance(metric: Metric, before: Figure, after: Figure, figures: int) -> Margins | None:
    """Return how far chance reaches, floors included; None: not known."""
    if without_chance(before, after):
        return Margins()
    if metric.name == "failed_requests":
        return Margins(warn=FAILURES_FLOOR, fail=FAILURES_FLOOR)
    reach = chance_of(before, after, figures)
    if reach is None:
        return None
    by_share = metric.unit == "share" or metric.name in HITS
    floor = SHARE_FLOOR if by_share else RELATIVE_FLOOR * abs(before.value or 0.0)
    return Margins(warn=max(reach.warn, floor), fail=reach.fail + floor)


def _judged(
    metric: Metric, trial: TrialFigures, before: float, after: float, chance: Margins | None
) -> Change:
    worse = before - after if metric.better == HIGHER else after - before
    room = ROUNDING * max(1.0, abs(before))
    verdict, why = Verdict.PASS, ""
    if chance is None:
        limit = UNKNOWN_FLOOR * abs(before) + room
        if worse > limit:
            verdict, why = Verdict.INCONCLUSIVE, "how far chance alone may take it is not known"
        elif worse < -limit:
            verdict = Verdict.IMPROVED
    elif worse > chance.fail + room:
        verdict = Verdict.FAIL
        why = "" if chance.fail else "nothing is left to chance here"
    elif worse < -chance.fail - room:
        verdict = Verdict.IMPROVED
    elif worse > chance.warn + room:
        verdict, why = Verdict.INCONCLUSIVE, "chance may have done it; more requests would tell"
    return Change(
        metric=metric.name,
        trial=trial.name,
        base=before,
        found=after,
        allowed=chance.fail if chance else None,
        verdict=verdict,
        why=why,
    )


def _timed(
    metric: Metric, trial: TrialFigures, before: Figure, after: Figure, *, same_machine: bool
) -> Change:
    """Return a change of a time, which is never a regression."""
    change = told(metric, trial, before, after)
    if before.value is None or after.value is None:
        return change
    if not same_machine:
        return replace(change, why="another machine or other versions")
    worse = before.value - after.value if metric.better == HIGHER else after.value - before.value
    if worse <= TIMED_FLOOR * abs(before.value):
        return replace(change, verdict=Verdict.PASS)
    why = "times of two jobs drift by as much: set both against each other in one"
    return replace(change, verdict=Verdict.INCONCLUSIVE, why=why)


def told(metric: Metric, trial: TrialFigures, before: Figure, after: Figure) -> Change:
    """Return a change that is only told."""
    return Change(
        metric=metric.name,
        trial=trial.name,
        base=before.value,
        found=after.value,
        allowed=None,
        verdict=None,
        advisory=True,
    )


def no_data(metric: str, trial: TrialFigures, before: float | None, why: str) -> Change:
    """Return a figure of the first run that there is none of in the second."""
    return Change(
        metric=metric,
        trial=trial.name,
        base=before,
        found=None,
        allowed=None,
        verdict=Verdict.NO_DATA,
        why=why,
    )


def _causes(old: TrialFigures, new: TrialFigures) -> tuple[str, ...]:
    """Return the causes by which there are more misses now, the one that grew most first."""
    growth = {
        name: (new.figures[name].value or 0.0) - (_value(old.figures, name))
        for name in new.figures
        if name.startswith(CAUSES)
    }
    total = sum(amount for amount in growth.values() if amount > 0)
    grown = sorted(growth, key=lambda name: -growth[name])
    return tuple(name for name in grown if growth[name] > FEW * total)


def _value(figures: Mapping[str, Figure], name: str) -> float:
    return figures[name].value or 0.0 if name in figures else 0.0
