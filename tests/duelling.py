"""Recorded duels whose truth is known: two trials that served the same rounds by the book."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from harness.record.facts import DuelFacts, RoundFacts, TrialFacts
from harness.record.samples import Samples
from tests.factories import even_routing, facts_of, in_rounds, routed_samples, zipf_keys

REQUESTS = 60  # of a round
Trial = tuple[TrialFacts, Samples]


def duel_facts(**overrides: Any) -> DuelFacts:
    """Return the terms that a duel has by default."""
    plain = DuelFacts(
        base="main (1a2b3c4)",
        candidate="working tree",
        budget_s=120.0,
        min_relative_effect=0.03,
        min_effects={},
    )
    return replace(plain, **overrides)


def served(
    number: int, *, rounds: int = 60, workers: int = 2, cpu: float = 1.0, **columns: Any
) -> Trial:
    """Return a trial of 1 ms of CPU time per request, times `cpu`, give or take 2 % in a round.

    A request takes about 2 ms longer than its lookup, times `slow` for all, `slow_miss` for those
    that missed.
    """
    total = rounds * REQUESTS
    slow, slow_miss = columns.pop("slow", 1.0), columns.pop("slow_miss", 1.0)
    key, life = zipf_keys(total, 300), even_routing(total, workers, seed=5 + number)
    plain = in_rounds(routed_samples(key, life, **columns), rounds)
    rng = np.random.default_rng(number)
    web_s = 2e-3 * rng.lognormal(sigma=0.05, size=total) * np.where(plain.hit, slow, slow_miss)
    played = Samples(**{**plain.columns(), "done_s": plain.done_s + web_s})
    costs = tuple(
        RoundFacts(round=one, cpu_s=cost, requests=REQUESTS)
        for one, cost in enumerate((1e-3 * REQUESTS * cpu * rng.normal(1, 0.02, rounds)).tolist())
    )
    return facts_of(played, number=number, rounds=costs), played
