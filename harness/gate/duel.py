"""Base and candidate, round by round -> a result for each metric, and one verdict.

Both served every round, interleaved (AB BA AB ...), so that what a round did to both cancels. Each
two consecutive rounds make a block, in which a steady drift cancels too, and of which one value is
taken: the mean change from base to candidate. The blocks are judged by an interval that holds at
every moment, so the duel may stop whenever it can decide. Rounds are live or recorded: here the
numbers of `analysis` meet the rules of `gate`. Starts nothing, prints nothing.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.analysis.rounds import PER_ROUND, by_metric, round_values, values_by_round
from harness.analysis.summary import TrialSummary
from harness.arrays import Floats, Ints
from harness.metrics import HIGHER, METRICS, Metric
from harness.record.facts import DuelFacts, LoadFacts, RoundFacts, TrialFacts
from harness.record.samples import Samples
from harness.scenario.plan import Trial
from harness.stats.anytime import count_needed, deviation, mean_and_reach
from harness.verdicts import Verdict

ALPHA = 0.01
"""Chance that one duel of two things that are alike calls any metric better or worse."""
REQUIRED = ("failed_requests", "hit_rate", "cpu_per_request_s", "request_p50_s")
AT_EQUAL_HITS = ("cpu_per_request_s",)
COUNTS_FIRST = 48
BLOCKS_NEEDED = 8
"""With fewer, a metric has no data: no interval can be computed from so few."""
_NONE = np.empty(0)
_OPEN = (Verdict.NO_DATA, Verdict.INCONCLUSIVE)

Rounds = Mapping[str, Floats]
"""The value of each metric in N rounds of one side; nan where a round has none. [N]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How one metric of a duel is judged.

    A time is judged by its relative change, any other metric by the change itself. `at_equal_hits`:
    what chance did to the hits of a round is taken out of it, so that it shows the work and not the
    misses. A duel may pass only once every `required` metric is decided. The others may well have
    too few values for that, and raise the alarm all the same.
    """

    metric: Metric
    required: bool = False
    at_equal_hits: bool = False

    @property
    def name(self) -> str:
        return self.metric.name

    @property
    def as_ratio(self) -> bool:
        return self.metric.timed


RULES: Sequence[Rule] = tuple(
    Rule(metric=METRICS[name], required=name in REQUIRED, at_equal_hits=name in AT_EQUAL_HITS)
    for name in PER_ROUND
)
"""Every metric of a duel, in the order in which it is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricResult:
    """The result of one metric.

    `change` is that from base to candidate, with the bounds of its interval: relative (0.1: a
    tenth more) for a time, in the metric's unit for any other. `min_effect` is on the same scale.
    All are None without data, and bounds are infinite where there were too few rounds for them.
    `rounds_needed` is how many would decide what is inconclusive, None if that is unknown.
    """

    metric: str
    verdict: Verdict
    rounds: int
    base: float | None = None
    candidate: float | None = None
    change: float | None = None
    low: float | None = None
    high: float | None = None
    min_effect: float | None = None
    rounds_needed: int | None = None


def with_min_effects(
    relative: float | None = None, absolute: Mapping[str, float] | None = None
) -> tuple[Rule, ...]:
    """Return the rules with another relative minimum for every time, and absolute ones by name."""
    return tuple(
        replace(
            rule,
            metric=replace(
                rule.metric,
                min_effect=(absolute or {}).get(rule.name, rule.metric.min_effect),
                min_relative_effect=relative
                if rule.as_ratio and relative is not None
                else rule.metric.min_relative_effect,
            ),
        )
        for rule in RULES
    )


def judge(
    rules: Sequence[Rule], base: Rounds, candidate: Rounds, *, ahead: bool = True
) -> tuple[MetricResult, ...]:
    """Return a result for each rule, in their order; one without values on both sides has no data.

    `ahead`: with the rounds that are still needed, which takes most of the time.

    All intervals hold together with a probability of 1 - `ALPHA`: Bonferroni's correction over
    the rules, whether or not they have data. A metric fails where its change is for the worse,
    beyond the minimum effect size, and its interval does not hold "no change"; improved likewise.
    It passes where the whole interval lies within the minimum effect size.

    That the interval has to exclude no change, and not all changes up to the minimum, is what makes
    a change of twice the minimum detectable; a false alarm is as rare either way, since under no
    change the interval would have to exclude the truth.
    """
    alpha = ALPHA / len(rules)
    hits = _more_hits(base, candidate)
    return tuple(
        _judge(
            rule, base.get(rule.name, _NONE), candidate.get(rule.name, _NONE), hits, alpha, ahead
        )
        for rule in rules
    )


def overall(results: Sequence[MetricResult], rules: Sequence[Rule]) -> Verdict:
    """Return the verdict of the duel: the worst there is, as far as it matters.

    Fail if any metric does; else without data, or inconclusive, if a required one is; else
    improved if any is; else pass.
    """
    required = {rule.name for rule in rules if rule.required}
    verdicts = {one.verdict for one in results}
    needed = {one.verdict for one in results if one.metric in required}
    ranked = (
        (Verdict.FAIL, verdicts),
        *((verdict, needed) for verdict in _OPEN),
        (Verdict.IMPROVED, verdicts),
    )
    return next((verdict for verdict, among in ranked if verdict in among), Verdict.PASS)


def is_decided(results: Sequence[MetricResult], rules: Sequence[Rule]) -> bool:
    """Return whether the duel may stop: its verdict would hardly be another after more rounds.

    A regression of a time alone waits up to `COUNTS_FIRST` rounds for the counts, which may well
    show where it comes from.
    """
    verdict = overall(results, rules)
    if verdict is Verdict.FAIL:
        counts = {rule.name for rule in rules if rule.required and not rule.as_ratio}
        decided = all(one.verdict not in _OPEN for one in results if one.metric in counts)
        return decided or max(one.rounds for one in results) >= COUNTS_FIRST
    return verdict not in _OPEN


def _judge(
    rule: Rule, base: Floats, candidate: Floats, hits: Floats, alpha: float, ahead: bool
) -> MetricResult:
    rows = _whole_blocks(rule, base, candidate)
    base, candidate = base[rows], candidate[rows]
    blocks = len(rows) // 2
    if blocks < BLOCKS_NEEDED:
        return MetricResult(metric=rule.name, verdict=Verdict.NO_DATA, rounds=2 * blocks)
    if rule.as_ratio:
        base, candidate = np.log(base), np.log(candidate)
    changes = _by_block(candidate - base)
    if rule.at_equal_hits and len(hits):
        changes = _without(changes, _by_block(hits[rows]))
    change, reach = mean_and_reach(changes, alpha)
    level = _level(rule, float(base.mean()))
    least = rule.metric.least(level)
    min_effect = math.log1p(least / level) if rule.as_ratio else least
    verdict = _verdict(rule, change, reach, min_effect)
    return MetricResult(
        metric=rule.name,
        verdict=verdict,
        rounds=2 * blocks,
        base=level,
        candidate=_level(rule, float(base.mean()) + change),
        change=_change(rule, change),
        low=_change(rule, change - reach),
        high=_change(rule, change + reach),
        min_effect=_change(rule, min_effect),
        rounds_needed=_rounds_needed(changes, change, min_effect, alpha)
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
    return np.asarray(rounds.reshape(-1, 2).mean(axis=1), np.float64)


def _without(changes: Floats, cause: Floats) -> Floats:
    """Return changes as they would be if `cause` were 0 in each: minus its regression slope.

    Half of the variance of CPU time between two servers that are alike comes from which of them
    happened to miss.
    """
    centered = cause - cause.mean()
    power = float(centered @ centered)
    return changes - cause * (float(centered @ changes) / power if power else 0.0)


def _whole_blocks(rule: Rule, base: Floats, candidate: Floats) -> Ints:
    """Return the rounds of those blocks in which each round has a value of both."""
    blocks = min(len(base), len(candidate)) // 2
    rows = np.arange(2 * blocks).reshape(blocks, 2)
    both = np.stack([base[: 2 * blocks], candidate[: 2 * blocks]])
    usable = np.isfinite(both)
    if rule.as_ratio:  # nothing can be a multiple of nothing
        usable &= both > 0
    whole: Ints = rows[usable.reshape(2, blocks, 2).all(axis=(0, 2))].reshape(-1)
    return whole


def _verdict(rule: Rule, change: float, reach: float, min_effect: float) -> Verdict:
    """Return the verdict on a change (above 0: more), on the scale on which it is judged."""
    if abs(change) > min_effect and abs(change) > reach:
        worse = (change > 0) != (rule.metric.better == HIGHER)
        return Verdict.FAIL if worse else Verdict.IMPROVED
    return Verdict.PASS if abs(change) + reach <= min_effect else Verdict.INCONCLUSIVE


def _rounds_needed(changes: Floats, change: float, min_effect: float, alpha: float) -> int | None:
    """Return the rounds that would decide this, if the changes stay as they are."""
    wanted = abs(change) if abs(change) > min_effect else min_effect - abs(change)
    blocks = count_needed(deviation(changes), wanted, alpha)
    return None if blocks is None else 2 * max(blocks, len(changes) + 1)


def _level(rule: Rule, level: float) -> float:
    return math.exp(level) if rule.as_ratio else level


def _change(rule: Rule, change: float) -> float:
    if not rule.as_ratio:
        return change
    # Beyond e ** 700 there is no number left; before there is data the interval reaches that far.
    return math.expm1(change) if change < 700 else math.inf


BASE, CANDIDATE = 0, 1
"""Numbers of the two trials."""
LOST_HITS = ("hit_rate", "origin_per_request")


@dataclass(frozen=True, slots=True, kw_only=True)
class DuelResult:
    """The result of a duel. `alpha` is the chance of a false alarm among all metrics together.

    `misses` are misses per lookup of base and candidate by cause; `cause` is the one that grew
    most, where hits were lost. `seconds` is how long the load went on.
    """

    verdict: Verdict
    base: str
    candidate: str
    rounds: int
    seconds: float
    budget_s: float
    alpha: float
    findings: tuple[MetricResult, ...]
    misses: Mapping[str, tuple[float, float]]
    cause: str


class Judge:
    """Takes each round of a duel under way, and returns when it is enough.

    That is when the duel is decided, or when the next rounds would go beyond the budget. Judges
    after whole blocks only: after two rounds of both.
    """

    def __init__(self, duel: DuelFacts, clock: Callable[[], float]) -> None:
        self._rules = with_min_effects(duel.min_relative_effect, duel.min_effects)
        self._budget_s, self._clock = duel.budget_s, clock
        self._started_s: float | None = None
        self._rounds: dict[int, list[dict[str, float]]] = {BASE: [], CANDIDATE: []}

    def __call__(self, trial: Trial, samples: Samples, cost: RoundFacts) -> bool:
        """Take in a round; return whether the duel may stop."""
        if self._started_s is None:
            self._started_s = float(samples.sent_s.min(initial=self._clock()))
        load = LoadFacts(
            asked=samples.requests,
            users=trial.scenario.load.users,
            wall_s=0.0,
            cpu_s=0.0,
            arrival_rate_per_second=trial.scenario.load.arrival_rate_per_second,
        )
        self._rounds[trial.number].append(round_values(load, samples, cost))
        rounds = [len(values) for values in self._rounds.values()]
        if rounds[BASE] != rounds[CANDIDATE] or rounds[BASE] % 2:
            return False
        spent_s = self._clock() - self._started_s
        block_s = spent_s / (rounds[BASE] / 2)
        base, candidate = (by_metric(self._rounds[side]) for side in (BASE, CANDIDATE))
        return spent_s + block_s > self._budget_s or is_decided(
            judge(self._rules, base, candidate, ahead=False), self._rules
        )


def duel_result(
    duel: DuelFacts,
    trials: Sequence[tuple[TrialFacts, Samples]],
    summaries: Sequence[TrialSummary],
) -> DuelResult:
    """Return the result of a recorded duel; without both trials there is no data."""
    rules = with_min_effects(duel.min_relative_effect, duel.min_effects)
    numbers = {facts.number for facts, _ in trials}
    values = [values_by_round(*trial) for trial in trials] if len(numbers) == 2 else [{}, {}]
    findings = judge(rules, values[BASE], values[CANDIDATE])
    misses = _misses(*summaries) if len(summaries) == 2 else {}
    grown = max(misses, key=lambda cause: misses[cause][1] - misses[cause][0], default="")
    return DuelResult(
        verdict=overall(findings, rules),
        base=duel.base,
        candidate=duel.candidate,
        rounds=min((len(facts.rounds) for facts, _ in trials), default=0),
        seconds=_seconds(trials),
        budget_s=duel.budget_s,
        alpha=ALPHA,
        findings=findings,
        misses=misses,
        cause=grown
        if any(one.metric in LOST_HITS and one.verdict is Verdict.FAIL for one in findings)
        else "",
    )


def _seconds(trials: Sequence[tuple[TrialFacts, Samples]]) -> float:
    served = [samples for _, samples in trials if samples.requests]
    if not served:
        return 0.0
    begun_s = min(float(samples.sent_s.min()) for samples in served)
    return max(float(samples.done_s.max()) for samples in served) - begun_s


def _misses(base: TrialSummary, candidate: TrialSummary) -> dict[str, tuple[float, float]]:
    """Return misses per lookup by cause, of base and candidate; causes of no miss are left out."""
    shares = {
        cause: (
            base.misses[cause] / max(base.lookups, 1),
            candidate.misses[cause] / max(candidate.lookups, 1),
        )
        for cause in base.misses
    }
    return {cause: both for cause, both in shares.items() if any(both)}
