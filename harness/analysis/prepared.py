"""One trial as read: its record, and what is known of it before any figure is computed."""

from __future__ import annotations

from dataclasses import dataclass

from harness.analysis.accounting import life_summaries
from harness.analysis.ends import Ends, ends_of
from harness.analysis.model_input import ModelInput, model_input
from harness.analysis.profiles import CacheProfile, cache_profiles, joined, with_held_keys
from harness.analysis.summary import LifeSummary
from harness.record.facts import TrialFacts
from harness.record.samples import Samples

ACTIONS, RECYCLING = "actions", ("max_requests", "server.max_requests_jitter")


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedTrial:
    """Facts and samples of a trial, its lives and their ends, and its caches for the model."""

    facts: TrialFacts
    samples: Samples
    cache_profiles: list[CacheProfile]
    lives: tuple[LifeSummary, ...]
    ends: Ends
    model_input: ModelInput | None


def prepared_trial(facts: TrialFacts, samples: Samples) -> PreparedTrial:
    """Return one trial, prepared for every figure."""
    samples = with_held_keys(facts, joined(facts, samples))
    kind_of, lives, ends = (
        cache_profiles(facts, samples),
        life_summaries(samples),
        ends_of(samples, facts),
    )
    return PreparedTrial(
        facts=facts,
        samples=samples,
        cache_profiles=kind_of,
        lives=lives,
        ends=ends,
        model_input=model_input(facts, samples, lives, kind_of, ends),
    )


def is_control(candidate: TrialFacts, facts: TrialFacts) -> bool:
    """Return whether a trial is another without its actions, or if it has none, its recycling."""
    if candidate.actions or candidate.problem:
        return False
    if facts.actions:
        return _are_alike(candidate, facts, ACTIONS)
    replaced = facts.setup["max_requests"] > 0 and candidate.setup["max_requests"] == 0
    return replaced and _are_alike(candidate, facts, *RECYCLING)


def _are_alike(one: TrialFacts, other: TrialFacts, *apart: str) -> bool:
    """Return whether two trials were set up and loaded alike, but for `apart`."""
    return one.load.asked == other.load.asked and one.setup.without(*apart) == other.setup.without(
        *apart
    )
