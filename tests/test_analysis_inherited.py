"""Entries that workers began with are part of the replay and of the prediction."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.analysis.analyze import analyze_trial
from harness.analysis.profiles import held_at_birth, with_held_keys
from harness.analysis.summary import TrialSummary
from harness.model.locmem import Limits
from harness.record.facts import InheritedFacts, TrialFacts
from harness.record.samples import Samples
from tests.factories import (
    EPOCH_S,
    cache_facts,
    even_routing,
    facts_of,
    routed_samples,
    zipf_keys,
)

WARM = 100


def held(*keys: int, ttl_s: float | None = None) -> InheritedFacts:
    names = tuple(f"key-{key}" for key in keys)
    return InheritedFacts(
        alias="default", at_s=EPOCH_S - 1, keys=names, ttl_s=tuple(ttl_s for _ in keys)
    )


def named(samples: Samples) -> Samples:
    return replace(samples, keys=np.array([f"key-{n}" for n in range(len(samples.keys))]))


def beginning_with(facts: TrialFacts, held: InheritedFacts) -> TrialFacts:
    lives = tuple(replace(life, held=(held,)) for life in facts.lives)
    return replace(facts, lives=lives)


def warm_trial(keys: int = 300, workers: int = 4) -> tuple[TrialFacts, Samples]:
    """Return a trial whose workers had the first `WARM` keys, as a server that was warmed."""
    key, life = zipf_keys(2000, keys), even_routing(2000, workers)
    # Played with the warm keys asked for once in each worker before, and those lookups left out.
    before = np.arange(WARM * workers)
    played = routed_samples(
        np.concatenate([before % WARM, key]), np.concatenate([before // WARM, life])
    )
    rows = slice(len(before), None)
    columns: dict[str, Any] = {
        name: column[rows] if len(column) == len(played.step) else column
        for name, column in played.columns().items()
    }
    columns |= {"request": np.arange(2000), "step": np.arange(2000)}
    samples = named(Samples(**columns))
    return beginning_with(facts_of(samples), held(*range(WARM))), samples


def codes(trial: TrialSummary) -> set[str]:
    return {caveat.code for caveat in trial.caveats}


def test_with_them_every_outcome_is_explained_and_predicted() -> None:
    facts, samples = warm_trial()
    trial = analyze_trial(facts, samples)
    assert trial.explained is not None
    assert trial.explained.per_process == 1
    assert trial.misses["unexplained"] == 0
    assert not codes(trial) & {"outside-interval", "neither-model"}


def test_without_them_the_model_does_not_know_where_the_hits_come_from() -> None:
    facts, samples = warm_trial()
    cold = replace(facts, lives=tuple(replace(life, held=()) for life in facts.lives))
    assert "neither-model" in codes(analyze_trial(cold, samples))


def test_an_entry_that_has_expired_since_is_an_expired_miss() -> None:
    samples = named(routed_samples([0, 1, 0], [0, 0, 0]))
    trial = analyze_trial(beginning_with(facts_of(samples), held(0, ttl_s=0.5)), samples)
    assert (trial.misses["expired"], trial.misses["first"]) == (1, 1)


def test_what_another_worker_began_with_is_fragmentation() -> None:
    samples = named(routed_samples([1, 0], [0, 1]))
    facts = facts_of(samples)
    first, second = facts.lives
    only_first = replace(facts, lives=(replace(first, held=(held(0),)), second))
    trial = analyze_trial(only_first, samples)
    assert (trial.misses["fragmentation"], trial.misses["first"]) == (1, 1)


def test_keys_that_nobody_asks_for_take_up_place() -> None:
    limits = Limits(3)
    samples = named(routed_samples([0, 1, 0], [0, 0, 0], limits=limits))
    cache = cache_facts(max_entries=3)
    facts = facts_of(samples, cache=cache, max_entries=3)
    full = beginning_with(facts, held(7, 8, 9))
    # Storing 0 culls one of the three, storing 1 another; 0 stays.
    assert analyze_trial(full, samples).explained.per_process == 1  # type: ignore[union-attr]
    assert with_held_keys(full, samples).keys.tolist() == [
        "key-0",
        "key-1",
        "key-7",
        "key-8",
        "key-9",
    ]


def test_lives_that_never_answered_and_other_aliases_are_left_out() -> None:
    samples = named(routed_samples([0], [0]))
    facts = beginning_with(facts_of(samples), held(0))
    silent = replace(facts.lives[0], slot=9, pid=9)
    more = replace(facts, lives=(*facts.lives, silent))
    assert held_at_birth(more, samples, "default").target.tolist() == [0]
    assert len(held_at_birth(more, samples, "other")) == 0


@pytest.mark.parametrize("ttl_s", [None, 300.0])
def test_the_hit_rate_of_warm_keys_alone_is_one(ttl_s: float | None) -> None:
    samples = named(routed_samples([0, 1, 0, 1], [0, 1, 1, 0]))
    hits = replace(
        samples,
        hit=np.ones(4, np.bool_),
        origin_s=np.full(4, np.nan),
        store_s=np.full(4, np.nan),
        ttl_s=np.full(4, np.nan),
    )
    trial = analyze_trial(beginning_with(facts_of(hits), held(0, 1, ttl_s=ttl_s)), hits)
    assert trial.predicted is not None
    assert (trial.predicted.value, trial.predicted.low) == (1.0, 1.0)
    assert trial.predicted.closed_form is None
