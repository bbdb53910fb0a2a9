"""Notes by the book: found through another alias in the same process, and in others or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from harness.analysis.analyze import analyze_trial
from harness.analysis.summary import Figure
from harness.record.samples import Samples
from harness.stats.interval import Interval
from tests.factories import facts_of, redis_facts, samples
from tests.test_analysis_measures import marked, modeled

# One note: worker 0, worker 1, then each of them again; another note is asked for but once.
LIFE, NOTE = [0, 1, 0, 1, 0], [3, 3, 3, 3, 5]


def notes(found: Sequence[int], *, same: int = 1) -> Samples:
    trial = marked(LIFE, note=NOTE, found=found, same_location=[same] * 5)
    return replace(trial, done_s=trial.sent_s + 0.0005)


def exactly(value: float) -> Figure:
    return Figure(value=value, expected=Interval(value=value, low=value, high=value))


def test_one_location_is_one_store_in_a_process_and_none_between_two() -> None:
    found = analyze_trial(facts_of(notes([0, 0, 1, 1, 0])), notes([0, 0, 1, 1, 0])).measures
    assert found == {"found_own": exactly(1.0), "found_others": exactly(0.0)}


def test_two_locations_share_nothing_at_all() -> None:
    trial = notes([0] * 5, same=0)
    found = analyze_trial(facts_of(trial), trial).measures
    assert found == {"found_own": exactly(0.0), "found_others": exactly(0.0)}


def test_a_server_behind_the_caches_is_shared_by_all() -> None:
    trial = notes([0, 1, 1, 1, 0])
    found = analyze_trial(facts_of(trial, cache=redis_facts(), backend="redis"), trial).measures
    assert found == {"found_own": exactly(1.0), "found_others": exactly(1.0)}


def test_requests_that_overlap_prove_nothing() -> None:
    # The second of worker 0 was sent before its first was done: who was first is unknown.
    trial = notes([0, 0, 0, 1, 0])
    late = trial.done_s.copy()
    late[0] = trial.sent_s[2] + 0.0001
    found = analyze_trial(facts_of(trial), replace(trial, done_s=late)).measures
    assert found["found_own"].value == 1.0
    assert "found_others" not in found


def test_one_worker_has_no_others() -> None:
    trial = marked([0, 0], note=[1, 1], found=[0, 1], same_location=[1, 1])
    assert set(analyze_trial(facts_of(trial), trial).measures) == {"found_own"}
    assert modeled(trial, "found_others", [0, 0]) is None


@pytest.mark.parametrize("name", ["found_own", "found_others"])
def test_without_notes_there_is_nothing_to_find(name: str) -> None:
    assert name not in analyze_trial(facts_of(samples()), samples()).measures
    assert modeled(samples(life=np.array([0, 0, 0])), name, [0, 0, 0]) is None
