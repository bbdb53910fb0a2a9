"""The judge of a duel: rounds of base and candidate, live or recorded, to a result.

Here the numbers of `analysis` meet the rules of `gate`. Starts nothing, prints nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from harness.analysis.rounds import by_metric, round_values, values_by_round
from harness.analysis.summary import TrialSummary
from harness.gate.duel_metrics import (
    ALPHA,
    MetricResult,
    Rule,
    is_decided,
    judge,
    overall,
    with_min_effects,
)
from harness.record.facts import DuelFacts, LoadFacts, RoundFacts, TrialFacts
from harness.record.samples import Samples
from harness.scenario.plan import Trial
from harness.verdicts import Verdict

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
        self._rules = rules_of(duel)
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
        results = judge(self._rules, base, candidate, ahead=False)
        return spent_s + block_s > self._budget_s or is_decided(results, self._rules)


def duel_result(
    duel: DuelFacts,
    trials: Sequence[tuple[TrialFacts, Samples]],
    summaries: Sequence[TrialSummary],
) -> DuelResult:
    """Return the result of a recorded duel; without both trials there is no data."""
    rules, numbers = rules_of(duel), {facts.number for facts, _ in trials}
    values = [values_by_round(*trial) for trial in trials] if len(numbers) == 2 else [{}, {}]
    findings = judge(rules, values[BASE], values[CANDIDATE])
    misses = _misses(*summaries) if len(summaries) == 2 else {}
    lost = any(one.metric in LOST_HITS and one.verdict is Verdict.FAIL for one in findings)
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
        cause=grown if lost else "",
    )


def rules_of(duel: DuelFacts) -> tuple[Rule, ...]:
    """Return the rules with the minimum effect sizes of this duel."""
    return with_min_effects(duel.min_relative_effect, duel.min_effects)


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
