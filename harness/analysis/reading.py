"""One trial as read: its record, and what can be told of it before any figure is computed."""

from __future__ import annotations

from dataclasses import dataclass

from harness.analysis.ends import Ends, ends_of
from harness.analysis.held import with_held_keys
from harness.analysis.lives import life_summaries
from harness.analysis.modelled import Modelled, modelled
from harness.analysis.stores import Kind, joined, kinds
from harness.analysis.summary import LifeSummary
from harness.record.facts import TrialFacts
from harness.record.samples import Samples

ACTIONS, RECYCLING = "actions", "server.max_requests"  # varied keys, or what they start with


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Facts and samples of a trial, its lives and their ends, and its caches for the model."""

    facts: TrialFacts
    samples: Samples
    kinds: list[Kind]
    lives: tuple[LifeSummary, ...]
    ends: Ends
    modelled: Modelled | None


def reading(facts: TrialFacts, samples: Samples) -> Reading:
    """Return the reading of one trial."""
    samples = with_held_keys(facts, joined(facts, samples))
    kind_of, lives, ends = kinds(facts, samples), life_summaries(samples), ends_of(samples, facts)
    return Reading(
        facts=facts,
        samples=samples,
        kinds=kind_of,
        lives=lives,
        ends=ends,
        modelled=modelled(facts, samples, lives, kind_of, ends),
    )


def is_control(candidate: TrialFacts, facts: TrialFacts) -> bool:
    """Return whether a trial is another without its actions, or if it has none, its recycling."""
    if candidate.actions or candidate.problem:
        return False
    if facts.actions:
        same = candidate.max_requests == facts.max_requests
        return same and _set_up(candidate, ACTIONS) == _set_up(facts, ACTIONS)
    replaced = facts.max_requests > 0 and candidate.max_requests == 0
    return replaced and _set_up(candidate, RECYCLING) == _set_up(facts, RECYCLING)


def _set_up(facts: TrialFacts, but: str) -> tuple[object, ...]:
    """Return what must be equal for a comparison; varied keys that start with `but` need not."""
    return (
        facts.backend,
        facts.workers,
        facts.worker_class,
        facts.threads,
        facts.servers,
        facts.routing,
        facts.timeout_s,
        facts.max_entries,
        facts.load.asked,
        {key: value for key, value in facts.varied.items() if not key.startswith(but)},
    )
