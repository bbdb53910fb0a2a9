"""Increments lost, and what the highest counters hold, against hand-counted ones."""

from __future__ import annotations

import pytest

from harness.analysis.analyze import analyze_trial
from harness.record.samples import Samples
from tests.factories import facts_of, redis_facts
from tests.test_analysis_measures import marked, modeled

LIVES = [0, 1, 0, 0, 1, 1]


def counted(*count: float, at_once: int) -> Samples:
    """Return six increments, four of counter 0 and two of counter 1, with these counts."""
    counter = [0, 0, 0, 0, 1, 1]
    return marked(LIVES, counter=counter, count=count, at_once=[at_once] * 6)


def test_a_counter_in_each_process_loses_nothing_and_none_knows_the_whole() -> None:
    trial = counted(1, 1, 2, 3, 1, 2, at_once=1)
    found = analyze_trial(facts_of(trial), trial).measures
    assert found["updates_lost"].value == 0
    assert found["highest_count"].value == (3 + 2) / 6
    assert modeled(trial, "highest_count", LIVES) == (3 + 2) / 6
    assert modeled(trial, "highest_count", [0] * 6) == 1
    assert modeled(trial, "highest_count", [0, 0, 1, 1, 0, 1]) == (2 + 1) / 6
    assert modeled(trial, "updates_lost", LIVES) == 0


def test_two_who_read_the_same_count_lose_one_increment() -> None:
    trial = counted(1, 1, 2, 2, 1, 1, at_once=0)
    found = analyze_trial(facts_of(trial), trial).measures
    assert found["updates_lost"].value == pytest.approx(1 - (2 + 1 + 1) / 6)
    assert found["highest_count"].value == (2 + 1) / 6
    assert found["updates_lost"].expected is found["highest_count"].expected is None


def test_a_shared_counter_is_one_whoever_answers() -> None:
    trial = counted(1, 2, 3, 4, 1, 2, at_once=1)
    facts = facts_of(trial, backend="redis", cache=redis_facts())
    found = analyze_trial(facts, trial).measures
    assert (found["updates_lost"].value, found["highest_count"].value) == (0, 1)
    expected = found["highest_count"].expected
    assert expected is not None
    assert (expected.low, expected.high) == (1, 1)
