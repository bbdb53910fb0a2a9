"""Samples and facts in, numbers out: the one place where a trial and a run are summed up.

Knows no files and no screens. Every renderer and gate takes its figures from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from harness import wire
from harness.analysis.accounting import (
    accounted,
    answered,
    effective_workers,
    failures,
    life_accounts,
)
from harness.analysis.break_even import break_evens
from harness.analysis.causes import outcomes
from harness.analysis.caveats import INVALIDATING, CaveatInput, caveats
from harness.analysis.comparison import comparisons as compared
from harness.analysis.conclusions import conclusions
from harness.analysis.latency import latency
from harness.analysis.measures.measure import measured
from harness.analysis.measures.table import MEASURES
from harness.analysis.model_input import prediction
from harness.analysis.prepared import is_control, prepared_trial
from harness.analysis.profiles import CacheProfile
from harness.analysis.restart import restart_summary
from harness.analysis.summary import BreakEven, Comparison, Summary, TrialSummary
from harness.record.facts import TrialFacts
from harness.record.samples import Samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """The numbers of all trials, and those that come of setting trials against each other."""

    trials: tuple[TrialSummary, ...]
    comparisons: tuple[Comparison, ...]
    break_even: tuple[BreakEven, ...]


def analyse_run(trials: Sequence[tuple[TrialFacts, Samples]]) -> Analysis:
    """Return the numbers of a run, with its trials in their order."""
    alone = tuple(analyse_trial(*trial, control=_control(trial[0], trials)) for trial in trials)
    return Analysis(
        trials=alone,
        comparisons=compared(trials),
        break_even=break_evens(trials, [trial.misses for trial in alone]),
    )


def analyse_trial(
    facts: TrialFacts, samples: Samples, control: tuple[TrialFacts, Samples] | None = None
) -> TrialSummary:
    """Return all numbers of one trial; what cannot be told, as in a trial without answers, is None.

    `control` is the trial without what was done in this one, if there is one. The result depends
    on the arguments alone: the predictions are seeded with the trial's number.
    """
    read = prepared_trial(facts, samples)
    accounts = life_accounts(read.lives, facts.lives)
    samples = read.samples
    found = outcomes(samples, read.cache_profiles, read.ends)
    hits = int(np.count_nonzero(samples.hit))
    answers = int(np.count_nonzero(answered(samples)))
    wall_s = _wall_s(samples)
    trial = TrialSummary(
        setup=facts.setup,
        requests=samples.requests,
        failures=failures(samples),
        lookups=samples.lookups,
        hits=hits,
        hit_rate=hits / samples.lookups if samples.lookups else None,
        predicted=prediction(facts, samples, read.model_input),
        explained=found.explained,
        misses=found.misses,
        effective_workers=effective_workers(read.lives),
        origin_s=float(np.nansum(samples.origin_s)),
        wall_s=wall_s,
        requests_per_second=answers / wall_s if answers and wall_s else None,
        lives=read.lives,
        accounted=accounted(accounts, samples.lookups),
        caveats=(),
        per_process=bool(read.cache_profiles)
        and all(one.per_process for one in read.cache_profiles),
        latency=latency(facts, samples),
        measures=measured(read, tuple(MEASURES.values())),
        restart=restart_summary(
            read, found, accounts, prepared_trial(*control) if control else None
        ),
    )
    evidence = CaveatInput(
        facts=facts,
        samples=samples,
        trial=trial,
        accounts=accounts,
        answered=answers,
        ends=read.ends,
    )
    return replace(trial, caveats=caveats(evidence))


def _control(
    facts: TrialFacts, trials: Sequence[tuple[TrialFacts, Samples]]
) -> tuple[TrialFacts, Samples] | None:
    return next((other for other in trials if is_control(other[0], facts)), None)


def summarise(
    trials: Sequence[TrialSummary],
    *,
    scenario: str,
    question: str,
    lesson: str,
    run_dir: str,
    environment: Mapping[str, Any],
    seed: int,
    wall_s: float,
    problems: Sequence[str] = (),
    comparisons: Sequence[Comparison] = (),
    break_even: Sequence[BreakEven] = (),
    claim: str = "",
    evidence: Sequence[str] = (),
) -> Summary:
    """Return the numbers of a run from those of its trials, in their order.

    `problems` are the errors that ended the run early. The run is valid when there is none, when
    there is a trial, and when each of them was answered and accounts for its lookups.
    """
    summary = Summary(
        format=wire.FORMAT,
        scenario=scenario,
        question=question,
        lesson=lesson,
        run_dir=run_dir,
        valid=bool(trials) and not problems and not any(map(_is_invalid, trials)),
        problems=tuple(problems),
        environment=environment,
        seed=seed,
        trials=tuple(trials),
        wall_s=wall_s,
        comparisons=tuple(comparisons),
        break_even=tuple(break_even),
        claim=claim,
        evidence=tuple(evidence),
    )
    return replace(summary, conclusions=conclusions(summary))


def _is_per_process(profiles: Sequence[CacheProfile]) -> bool:
    return bool(profiles) and all(one.per_process for one in profiles)


def _is_invalid(trial: TrialSummary) -> bool:
    return any(caveat.code in INVALIDATING for caveat in trial.caveats)


def _wall_s(samples: Samples) -> float:
    """Return the time from the first request sent to the last one done, summed over the rounds.

    Between its rounds a trial stands still, while others have their turn. 0.0 without requests.
    """
    rounds = int(samples.round.max(initial=-1)) + 1
    begun_s, ended_s = np.full(rounds, np.inf), np.full(rounds, -np.inf)
    np.minimum.at(begun_s, samples.round, samples.sent_s)
    np.maximum.at(ended_s, samples.round, samples.done_s)
    served = np.isfinite(begun_s)
    return float((ended_s - begun_s)[served].sum())
