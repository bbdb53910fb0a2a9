"""Base and candidate, round by round -> a finding for each metric, and one verdict.

Both served every round, in turns (AB BA AB ...), so that what a round did to both cancels. Each
two rounds that follow each other make a block, in which a steady drift cancels too, and of which
one value is taken: the mean change from base to candidate. The blocks are judged by an interval
that holds at every moment at once, so the duel may stop whenever it can tell.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.arrays import Floats, Ints
from harness.gate.rules import ALPHA, Rule
from harness.stats.anytime import count_needed, deviation, mean_and_reach
from harness.verdicts import Verdict

_NONE = np.empty(0)
_OPEN = (Verdict.NO_DATA, Verdict.INCONCLUSIVE)
COUNTS_FIRST = 48
BLOCKS_NEEDED = 8
"""With fewer, a metric has no data: no interval could be had of so few."""


Rounds = Mapping[str, Floats]
"""The value of each metric in N rounds of one side; nan where a round has none. [N]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricResult:
    """What became of one metric.

    `change` is that from base to candidate, with the bounds of its interval: relative (0.1: a
    tenth more) for a ratio, in the metric's unit for a difference. `floor` is on the same scale.
    All are None without data, and bounds are infinite where too few rounds stand behind them.
    `rounds_needed` is how many would settle what is inconclusive, None if that cannot be told.
    """

    metric: str
    verdict: Verdict
    rounds: int
    base: float | None = None
    candidate: float | None = None
    change: float | None = None
    low: float | None = None
    high: float | None = None
    floor: float | None = None
    rounds_needed: int | None = None


def judge(
    rules: Sequence[Rule], base: Rounds, candidate: Rounds, *, ahead: bool = True
) -> tuple[MetricResult, ...]:
    """Return a finding for each rule, in their order; one without values on both sides has no data.

    `ahead`: with the rounds that are still needed, which takes most of the time.

    All intervals hold together with a probability of 1 - `ALPHA`: Bonferroni's correction over
    the rules, whether or not they have data. A metric is regressed where its change is for the
    worse, beyond the floor, and its interval does not hold "no change"; improved likewise. It
    passes where the whole interval lies within the floor.

    That the interval has to exclude no change, and not all changes up to the floor, is what makes
    a change of twice the floor fit to be found; a false alarm is as rare either way, since under
    no change the interval would have to exclude the truth.
    """
    alpha = ALPHA / len(rules)
    hits = _more_hits(base, candidate)
    return tuple(
        _judge(
            rule, base.get(rule.name, _NONE), candidate.get(rule.name, _NONE), hits, alpha, ahead
        )
        for rule in rules
    )


def overall(findings: Sequence[MetricResult], rules: Sequence[Rule]) -> Verdict:
    """Return the verdict of the duel: the worst there is, as far as it matters.

    Regressed if any metric is; else without data, or inconclusive, if a required one is; else
    improved if any is; else pass.
    """
    required = {rule.name for rule in rules if rule.required}
    verdicts = {one.verdict for one in findings}
    needed = {one.verdict for one in findings if one.metric in required}
    if Verdict.FAIL in verdicts:
        return Verdict.FAIL
    for verdict in _OPEN:
        if verdict in needed:
            return verdict
    return Verdict.IMPROVED if Verdict.IMPROVED in verdicts else Verdict.PASS


def is_settled(findings: Sequence[MetricResult], rules: Sequence[Rule]) -> bool:
    """Return whether the duel may stop: its verdict would hardly be another after more rounds.

    A regression of a time alone waits up to `COUNTS_FIRST` rounds for the counts, which may well
    tell what it comes from.
    """
    verdict = overall(findings, rules)
    if verdict is Verdict.FAIL:
        counts = {rule.name for rule in rules if rule.scale == "difference" and rule.required}
        told = all(one.verdict not in _OPEN for one in findings if one.metric in counts)
        return told or max(one.rounds for one in findings) >= COUNTS_FIRST
    return verdict not in _OPEN


def _judge(
    rule: Rule, base: Floats, candidate: Floats, hits: Floats, alpha: float, ahead: bool
) -> MetricResult:
    rows = _whole_blocks(rule, base, candidate)
    base, candidate = base[rows], candidate[rows]
    blocks = len(rows) // 2
    if blocks < BLOCKS_NEEDED:
        return MetricResult(metric=rule.name, verdict=Verdict.NO_DATA, rounds=2 * blocks)
    if rule.scale == "ratio":
        base, candidate = np.log(base), np.log(candidate)
    changes = _by_block(candidate - base)
    if rule.at_equal_hits and len(hits):
        changes = _without(changes, _by_block(hits[rows]))
    change, reach = mean_and_reach(changes, alpha)
    level = _shown(rule, float(base.mean()))
    floor = _floor(rule, level)
    verdict = _verdict(rule, change, reach, floor)
    return MetricResult(
        metric=rule.name,
        verdict=verdict,
        rounds=2 * blocks,
        base=level,
        candidate=_shown(rule, float(base.mean()) + change),
        change=_change(rule, change),
        low=_change(rule, change - reach),
        high=_change(rule, change + reach),
        floor=_change(rule, floor),
        rounds_needed=_rounds_needed(changes, change, floor, alpha)
        if ahead and verdict is Verdict.INCONCLUSIVE
        else None,
    )


def _more_hits(base: Rounds, candidate: Rounds) -> Floats:
    """Return by how much the hit rate of the candidate was higher in each round. [N]

    Empty where it was not measured on both sides, 0 in a round without lookups.
    """
    if "hit_rate" not in base or "hit_rate" not in candidate:
        return _NONE
    rounds = min(len(base["hit_rate"]), len(candidate["hit_rate"]))
    return np.nan_to_num(candidate["hit_rate"][:rounds] - base["hit_rate"][:rounds])


def _by_block(rounds: Floats) -> Floats:
    means: Floats = rounds.reshape(-1, 2).mean(axis=1)
    return means


def _without(changes: Floats, cause: Floats) -> Floats:
    """Return changes as they would be if `cause` were 0 in each: minus its regression slope.

    Half of the variance of CPU time between two servers that are alike comes from whose turn it
    was to miss.
    """
    centred = cause - cause.mean()
    power = float(centred @ centred)
    return changes - cause * (float(centred @ changes) / power if power else 0.0)


def _whole_blocks(rule: Rule, base: Floats, candidate: Floats) -> Ints:
    """Return the rounds of those blocks in which each round has a value of both."""
    blocks = min(len(base), len(candidate)) // 2
    rows = np.arange(2 * blocks).reshape(blocks, 2)
    both = np.stack([base[: 2 * blocks], candidate[: 2 * blocks]])
    usable = np.isfinite(both)
    if rule.scale == "ratio":  # nothing can be a multiple of nothing
        usable &= both > 0
    whole: Ints = rows[usable.reshape(2, blocks, 2).all(axis=(0, 2))].reshape(-1)
    return whole


def _verdict(rule: Rule, change: float, reach: float, floor: float) -> Verdict:
    """Return the verdict on a change for the worse (above 0) or for the better, on its scale."""
    if abs(change) > floor and abs(change) > reach:
        worse = (change > 0) != rule.higher_is_better
        return Verdict.FAIL if worse else Verdict.IMPROVED
    return Verdict.PASS if abs(change) + reach <= floor else Verdict.INCONCLUSIVE


def _floor(rule: Rule, level: float) -> float:
    """Return the larger of both floors, on the scale on which changes are judged."""
    if rule.scale == "difference":
        return max(rule.absolute, rule.relative * abs(level))
    return math.log1p(max(rule.relative, rule.absolute / level))


def _rounds_needed(changes: Floats, change: float, floor: float, alpha: float) -> int | None:
    """Return the rounds that would settle this, if the changes stay as they are."""
    wanted = abs(change) if abs(change) > floor else floor - abs(change)
    blocks = count_needed(deviation(changes), wanted, alpha)
    return None if blocks is None else 2 * max(blocks, len(changes) + 1)


def _shown(rule: Rule, level: float) -> float:
    return math.exp(level) if rule.scale == "ratio" else level


def _change(rule: Rule, change: float) -> float:
    if rule.scale == "difference":
        return change
    # Beyond e ** 700 there is no number left; before there is data the interval reaches that far.
    return math.expm1(change) if change < 700 else math.inf
