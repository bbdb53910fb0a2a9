"""Two recorded runs -> what changed in each figure of each trial, with a verdict.

Counts decide, since they do not depend on the machine. Times of two runs are never a regression:
they drift by tens of percent from one job to the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.analysis.metrics import HIGHER, METRICS, NEITHER, Metric
from harness.analysis.summary import Figure
from harness.gate.bounds import ROUNDING
from harness.gate.chance import Chance, chance_of, without_chance
from harness.gate.identity import changed, differences, flat
from harness.gate.recorded import Recorded, RecordedTrial
from harness.gate.verdict import Verdict

SHARE_FLOOR, RELATIVE_FLOOR = 0.01, 0.01
"""Where chance plays a part, a change up to this is of no weight; shares in their own unit."""
FAILURES_FLOOR = 0.001
UNKNOWN_FLOOR = 0.05  # relative, where nothing is known of what chance does
TIMED_FLOOR = 0.25  # relative
CAUSES = "misses."
TOLD = ("entries_lost",)
"""Told, never judged, like the causes of misses: what they cost is judged in other figures."""
ALWAYS = ("hit_rate", "failed_requests")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Everything that differs between two runs.

    `differences` are what makes them incomparable; then there are no `changes`. `settings` differ
    on purpose, `surroundings` say why times are not to be trusted.
    """

    base: str
    found: str
    differences: tuple[str, ...]
    settings: tuple[str, ...]
    surroundings: tuple[str, ...]
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


WORST_FIRST = (
    *(Verdict.REGRESSED, Verdict.NO_DATA, Verdict.INCONCLUSIVE),
    *(Verdict.IMPROVED, Verdict.PASS),
)


def compare(base: Recorded, found: Recorded) -> Changes:
    """Return what became of each figure of `base` in `found`."""
    apart = differences(base.identity, found.identity)
    surroundings = tuple(changed(flat(base.environment), flat(found.environment)))
    return Changes(
        base=base.name,
        found=found.name,
        differences=apart,
        settings=tuple(changed(base.settings, found.settings)),
        surroundings=surroundings,
        changes=() if apart else tuple(_changes(base, found, same_machine=not surroundings)),
    )


def _changes(base: Recorded, found: Recorded, *, same_machine: bool) -> Iterator[Change]:
    pairs = [(old, _same(old, found.trials)) for old in base.trials]
    figures = sum(
        1
        for old, new in pairs
        for name in old.figures
        if new and not METRICS[name].timed and old.figures[name].expected
    )
    for old, new in pairs:
        if new is None:
            yield _no_data("hit_rate", old, None, "the trial was not measured")
            continue
        for name in _names(old, new):
            yield _change(METRICS[name], old, new, figures, same_machine=same_machine)
    for new in found.trials:
        if _same(new, base.trials) is None:
            hits = new.figures.get("hit_rate", Figure())
            told = _told(METRICS["hit_rate"], new, Figure(), hits)
            yield replace(told, why="there was no such trial before")


def _same(trial: RecordedTrial, among: Sequence[RecordedTrial]) -> RecordedTrial | None:
    return next((other for other in among if other.setup == trial.setup), None)


def _names(old: RecordedTrial, new: RecordedTrial) -> list[str]:
    """Return the metrics to compare: those with a better way to go that are not nothing in both.

    Lookups that are unaccounted for make a run invalid, and are no change of it.
    """
    both = (old.figures, new.figures)
    return [
        name
        for name, metric in METRICS.items()
        if metric.better != NEITHER
        and name != "unaccounted"
        and (name in ALWAYS or any(_is_something(figures.get(name)) for figures in both))
    ]


def _is_something(figure: Figure | None) -> bool:
    return figure is not None and bool(figure.value or figure.expected)


def _change(
    metric: Metric, old: RecordedTrial, new: RecordedTrial, figures: int, *, same_machine: bool
) -> Change:
    name = metric.name
    before, after = old.figures.get(name, Figure()), new.figures.get(name, Figure())
    if metric.timed:
        return _timed(metric, old, before, after, same_machine=same_machine)
    if name.startswith(CAUSES) or name in TOLD:
        return _told(metric, old, before, after)
    if after.value is None:
        return _no_data(name, old, before.value, "it could not be told")
    if before.value is None:
        return replace(_told(metric, old, before, after), why="new")
    settled = old.settled and new.settled and name in ("hit_rate", "origin_per_request")
    chance = Chance() if settled else _chance(metric, before, after, figures)
    change = _judged(metric, old, before.value, after.value, chance)
    hits = name in ("hit_rate", "origin_per_request")
    causes = _causes(old, new) if hits and change.verdict is not Verdict.PASS else ()
    return replace(change, causes=causes)


def _chance(metric: Metric, before: Figure, after: Figure, figures: int) -> Chance | None:
    """Return how far chance reaches, floors included; None: not known."""
    if without_chance(before, after):
        return Chance()
    if metric.name == "failed_requests":
        return Chance(suspect=FAILURES_FLOOR, certain=FAILURES_FLOOR)
    reach = chance_of(before, after, figures)
    if reach is None:
        return None
    floor = SHARE_FLOOR if metric.unit == "share" else RELATIVE_FLOOR * abs(before.value or 0.0)
    return Chance(suspect=max(reach.suspect, floor), certain=reach.certain + floor)


def _judged(
    metric: Metric, trial: RecordedTrial, before: float, after: float, chance: Chance | None
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
    elif worse > chance.certain + room:
        verdict = Verdict.REGRESSED
        why = "" if chance.certain else "nothing is left to chance here"
    elif worse < -chance.certain - room:
        verdict = Verdict.IMPROVED
    elif worse > chance.suspect + room:
        verdict, why = Verdict.INCONCLUSIVE, "chance may have done it; more requests would tell"
    return Change(
        metric=metric.name,
        trial=trial.name,
        base=before,
        found=after,
        allowed=chance.certain if chance else None,
        verdict=verdict,
        why=why,
    )


def _timed(
    metric: Metric, trial: RecordedTrial, before: Figure, after: Figure, *, same_machine: bool
) -> Change:
    """Return a change of a time, which is never a regression."""
    told = _told(metric, trial, before, after)
    if before.value is None or after.value is None:
        return told
    if not same_machine:
        return replace(told, why="another machine or other versions")
    worse = before.value - after.value if metric.better == HIGHER else after.value - before.value
    if worse <= TIMED_FLOOR * abs(before.value):
        return replace(told, verdict=Verdict.PASS)
    why = "times of two jobs drift by as much: set both against each other in one"
    return replace(told, verdict=Verdict.INCONCLUSIVE, why=why)


def _told(metric: Metric, trial: RecordedTrial, before: Figure, after: Figure) -> Change:
    return Change(
        metric=metric.name,
        trial=trial.name,
        base=before.value,
        found=after.value,
        allowed=None,
        verdict=None,
        advisory=True,
    )


def _no_data(metric: str, trial: RecordedTrial, before: float | None, why: str) -> Change:
    return Change(
        metric=metric,
        trial=trial.name,
        base=before,
        found=None,
        allowed=None,
        verdict=Verdict.NO_DATA,
        why=why,
    )


def _causes(old: RecordedTrial, new: RecordedTrial) -> tuple[str, ...]:
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
