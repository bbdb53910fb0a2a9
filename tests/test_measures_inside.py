"""Looks into the memory of the processes: hand-computed, and as the model has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from harness.analysis.analyze import analyze_trial
from harness.analysis.metrics import MEASURES
from harness.analysis.prepared import prepared_trial
from harness.model.locmem import Limits, LocMem
from harness.record.samples import Samples
from tests.factories import (
    EPOCH_S,
    cache_facts,
    even_routing,
    facts_of,
    redis_facts,
    routed_samples,
    zipf_keys,
)

COUNTED = ("entries_max", "entries_after_cull", "copies_per_key", "entries_per_worker")
READ = (*COUNTED, "cache_bytes", "resident_bytes")


def with_looks(trial: Samples, rows: list[int], **marks: Sequence[float]) -> Samples:
    """Return the samples with a look half-way after each of these requests, marked so."""
    marks = {"looked_at": [float(trial.done_s[row]) + 1e-4 for row in rows], **marks}
    return Samples(
        **{
            **trial.columns(),
            "mark_request": np.tile(rows, len(marks)),
            "mark": np.repeat(np.arange(len(marks)), len(rows)),
            "value": np.concatenate([np.array(values, np.float64) for values in marks.values()]),
            "marks": np.array(list(marks)),
        }
    )


def reported(trial: Samples, **facts: Any) -> dict[str, float | None]:
    measures = analyze_trial(facts_of(trial, **facts), trial).measures
    return {name: figure.value for name, figure in measures.items() if name in READ}


def test_the_last_look_at_each_process_counts() -> None:
    trial = routed_samples([0, 1, 2, 0, 1, 0], [0, 0, 0, 1, 1, 1])
    looked = with_looks(
        trial,
        [0, 2, 3, 5],
        entries=[1, 3, 1, 2],
        bytes=[10, 30, 10, 20],
        resident_bytes=[100, 110, 200, 205],
    )
    assert reported(looked) == {
        "entries_max": 3.0,
        "copies_per_key": (3 + 2) / 3,
        "entries_per_worker": 2.5,
        "cache_bytes": 50.0,
        "resident_bytes": 315.0,
    }


def test_a_fall_is_seen_between_looks_at_the_same_process_only() -> None:
    trial = routed_samples([0] * 6, [0, 1, 0, 1, 0, 1])
    looked = with_looks(trial, [0, 1, 2, 3, 4], entries=[300, 40, 240, 90, 205])
    assert reported(looked)["entries_after_cull"] == 205
    rising = with_looks(trial, [0, 1, 2, 3, 4], entries=[300, 40, 300, 90, 300])
    assert "entries_after_cull" not in reported(rising)


@pytest.mark.parametrize("limit", [20, 1000])
def test_the_model_given_the_real_lives_finds_what_the_looks_found(limit: int) -> None:
    limits = Limits(limit)
    key, life = zipf_keys(600, 60), even_routing(600, 2)
    trial = routed_samples(key, life, limits=limits)
    rows = list(range(0, 600, 7))
    caches, entries = [LocMem(limits), LocMem(limits)], []
    for row, (name, where) in enumerate(zip(key.tolist(), life.tolist(), strict=True)):
        now = EPOCH_S + row * 0.001
        if not caches[where].get(name, now):
            caches[where].set(name, now, float("inf"))
        entries += [len(caches[where])] if row in rows else []
    looked = with_looks(trial, rows, entries=entries)
    read = prepared_trial(facts_of(looked, cache=cache_facts(max_entries=limit)), looked)
    for name in COUNTED:
        model = MEASURES[name].modeled
        assert model is not None
        assert model(read, life) == MEASURES[name].observed(read)


def test_what_is_shared_is_expected_in_no_process() -> None:
    trial = with_looks(routed_samples([0, 1, 0], [0, 1, 1], shared=True), [1, 2], entries=[0, 0])
    facts = facts_of(trial, backend="redis", cache=redis_facts())
    found = analyze_trial(facts, trial).measures["copies_per_key"]
    assert found.value == 0.0
    assert found.expected is not None
    assert found.expected.high == 0.0


def test_without_looks_there_is_nothing_to_tell() -> None:
    trial = routed_samples([0, 1], [0, 0])
    read = prepared_trial(facts_of(trial), trial)
    for name in COUNTED:
        model = MEASURES[name].modeled
        assert model is not None
        assert MEASURES[name].observed(read) is model(read, np.zeros(2, np.int64)) is None
