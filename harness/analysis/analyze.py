"""Samples and facts in, numbers out: the one place where a trial and a run are summed up.

Knows no files and no screens. Every renderer and gate takes its figures from here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from harness import wire
from harness.analysis.break_even import break_evens
from harness.analysis.causes import outcomes
from harness.analysis.caveats import INVALIDATING, CaveatInput, caveats
from harness.analysis.conclusions import conclusions
from harness.analysis.latency import comparisons as compared
from harness.analysis.latency import latency
from harness.analysis.lives import (
    accounted,
    effective_workers,
    life_accounts,
)
from harness.analysis.measures.measure import measured
from harness.analysis.metrics import MEASURES
from harness.analysis.prepared import TrialData, control_of, prediction, prepared_trial
from harness.analysis.restart import restart_summary
from harness.analysis.summary import BreakEven, Comparison, Summary, TrialSummary
from harness.record.facts import TrialFacts
from harness.record.rundir import RunRecord
from harness.record.samples import Samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """The numbers of all trials, and those that come of setting trials against each other."""

    trials: tuple[TrialSummary, ...]
    comparisons: tuple[Comparison, ...]
    break_even: tuple[BreakEven, ...]


def analyze_run(trials: Sequence[TrialData]) -> Analysis:
    """Return the numbers of a run, with its trials in their order."""
    alone = tuple(analyze_trial(*trial, control_of(trial[0], trials)) for trial in trials)
    return Analysis(
        trials=alone,
        comparisons=compared(trials),
        break_even=break_evens(trials, [trial.misses for trial in alone]),
    )


def analyze_trial(
    facts: TrialFacts, samples: Samples, control: TrialData | None = None
) -> TrialSummary:
    """Return all numbers of one trial; what is unknown, as in a trial without answers, is None.

    `control` is the trial without what was done in this one, if there is one. The result depends
    on the arguments alone: the predictions are seeded with the trial's number.
    """
    read = prepared_trial(facts, samples)
    samples, accounts = read.samples, life_accounts(read.lives, facts.lives)
    found = outcomes(samples, read.cache_profiles, read.ends)
    hits, answers = (int(np.count_nonzero(rows)) for rows in (samples.hit, samples.status > 0))
    wall_s = _wall_s(samples)
    trial = TrialSummary(
        setup=facts.setup,
        requests=samples.requests,
        failures=int(np.count_nonzero(samples.failed)),
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
        and all(profile.per_process for profile in read.cache_profiles),
        latency=latency(facts, samples),
        measures=measured(read, tuple(MEASURES.values())),
        restart=restart_summary(
            read, found, accounts, prepared_trial(*control) if control else None
        ),
    )
    return replace(trial, caveats=caveats(CaveatInput(read=read, trial=trial, accounts=accounts)))


def summarize(found: Analysis, record: RunRecord, run_dir: str, **about: Any) -> Summary:
    """Return the numbers of a run; `about` are further fields of a `Summary`, by name.

    The run is valid when nothing ended it early, when there is a trial, and when each of them was
    answered and accounts for its lookups.
    """
    codes = {caveat.code for trial in found.trials for caveat in trial.caveats}
    summary = Summary(
        format=wire.FORMAT,
        scenario=record.scenario,
        question=record.question,
        lesson=record.lesson,
        run_dir=run_dir,
        valid=bool(found.trials) and not record.problems and not codes & INVALIDATING,
        problems=record.problems,
        environment=record.environment,
        seed=record.seed,
        trials=found.trials,
        wall_s=record.wall_s,
        comparisons=found.comparisons,
        break_even=found.break_even,
        **about,
    )
    return replace(summary, conclusions=conclusions(summary))


def _wall_s(samples: Samples) -> float:
    """Return the time from the first request sent to the last one done, summed over the rounds.

    Between its rounds a trial stands still, while others have their turn. 0.0 without requests.
    """
    rounds = int(samples.round.max(initial=-1)) + 1
    begun_s, ended_s = np.full(rounds, np.inf), np.full(rounds, -np.inf)
    np.minimum.at(begun_s, samples.round, samples.sent_s)
    np.maximum.at(ended_s, samples.round, samples.done_s)
    return float((ended_s - begun_s)[np.isfinite(begun_s)].sum())
